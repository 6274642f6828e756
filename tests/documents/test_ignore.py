from __future__ import annotations

import pytest

from searchkit.documents.ignore import Rules


@pytest.mark.parametrize(
    ("lines", "path", "is_folder", "expected"),
    [
        (["*.md"], "a/b.md", False, True),
        (["/a"], "b/a", False, None),
        (["a/"], "a", False, None),
        (["a/"], "a", True, True),
        (["a"], "a/b", False, None),  # the folder was asked about before
        (["a/**"], "a", True, None),
        (["a/**"], "a/b", False, True),
        (["*", "!*/"], "a", True, False),
        (["*.md", "!b.md"], "b.md", False, False),
        (["!b.md", "*.md"], "b.md", False, True),
        (["# note", "", "   "], "# note", False, None),
        (["\\#note"], "#note", False, True),
        (["a\\ "], "a ", False, True),
        (["a  "], "a", False, True),
        (["x\r"], "x", False, True),
        (["[[:alpha:]].md", "[z-a]", "[", "!", "a\\"], "b.md", False, None),
    ],
)
def test_last_pattern_that_speaks_of_the_path_itself_decides(
    lines: list[str], path: str, is_folder: bool, expected: bool | None
) -> None:
    assert Rules(lines).decide(path, is_folder=is_folder) is expected
