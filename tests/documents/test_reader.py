from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_files import SAMPLES, check_blocks, document, documents, pdf

from searchkit.documents import SUPPORTED, ReadOptions, Source, content_hash, read_bytes, read_source, read_text
from searchkit.documents import markdown as markdown_module
from searchkit.errors import DocumentRefusedError, MissingExtraError


def source(file: Path) -> Source:
    return Source(f"docs/{file.name}", file, file.stat().st_size, 0)


def test_file_is_read_under_its_shown_path(tmp_path: Path) -> None:
    file = tmp_path / "tea.md"
    file.write_text("# Tea\n\nBoil water.\n")
    (found,) = read_source(source(file), ReadOptions())
    assert (found.doc_id, found.title, found.text) == ("docs/tea.md", "Tea", "# Tea\n\nBoil water.\n")
    assert found.metadata == {"format": "markdown"}
    assert read_source(source(file), ReadOptions(), b"Other")[0].text == "Other"


def test_text_without_title_is_called_as_its_file_and_standard_input_not_at_all() -> None:
    assert document("words", "a/notes.txt").title == "notes.txt"
    assert document("words", "-").title == ""
    assert document("words", "-").doc_id == "-"


@pytest.mark.parametrize("content", ["", " \n\t\n", b"\xef\xbb\xbf", "\r\n\r\n"])
@pytest.mark.parametrize("suffix", [".md", ".txt", ".rst", ".html", ".py", ".csv", ".json", ".jsonl"])
def test_file_without_text_is_refused_as_empty(content: str | bytes, suffix: str) -> None:
    with pytest.raises(DocumentRefusedError, match=r"^empty$"):
        documents(content, f"a{suffix}")


def test_vanished_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("x")
    gone = source(file)
    file.unlink()
    with pytest.raises(DocumentRefusedError, match="vanished"):
        read_source(gone, ReadOptions())


def test_unreadable_file_is_refused_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.md"
    file.write_text("x")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DocumentRefusedError, match="Permission denied"):
        read_bytes(source(file))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_file_that_became_a_link_or_a_pipe_is_not_followed(tmp_path: Path) -> None:
    secret, file = tmp_path / "secret", tmp_path / "a.md"
    secret.write_text("secret")
    file.symlink_to(secret)
    with pytest.raises(DocumentRefusedError):
        read_bytes(source(file))
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(DocumentRefusedError, match="not a file"):
        read_bytes(source(file))


def test_file_that_grows_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.documents.reader._GROWTH", 0)
    file = tmp_path / "a.log"
    file.write_bytes(b"x" * 20_000)
    assert len(read_bytes(Source("a.log", file, 20_000, 0))) == 20_000
    with pytest.raises(DocumentRefusedError, match="grew"):
        read_bytes(Source("a.log", file, 10, 0))


def test_binary_file_is_given_up_at_its_start(tmp_path: Path) -> None:
    file = tmp_path / "film"
    file.write_bytes(b"\0" * 100)
    with pytest.raises(DocumentRefusedError, match="binary"):
        read_bytes(source(file))
    (tmp_path / "book.pdf").write_bytes(pdf(["words"]))
    assert read_bytes(source(tmp_path / "book.pdf")).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("error", "reason"),
    [(RecursionError(), "nested too deeply"), (MemoryError(), "memory"), (KeyError("x"), "malformed: KeyError")],
)
def test_whatever_a_parser_raises_becomes_a_reason(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(markdown_module, "read", fail)
    with pytest.raises(DocumentRefusedError, match=reason):
        documents("x", "a.md")


def test_missing_extra_is_named_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(MissingExtraError, match=r"searchkit\[docs\]"):
        documents(pdf(["x"]), "a.pdf")


def test_records_on_standard_input_are_recognised_when_a_field_is_asked_for() -> None:
    lines = '{"q": "one"}\n{"q": "two"}\n'
    assert [d.text for d in documents(lines, "-", text_fields=("q",))] == ["one", "two"]
    assert [d.text for d in documents('[{"q": "one"}]', "-", text_fields=("q",))] == ["one"]
    assert [d.text for d in documents("q,n\none,1\n", "-", text_fields=("q",))] == ["one"]
    assert document(lines, "-").text == lines


def test_encoding_of_files_says_nothing_of_a_text() -> None:
    assert document("café", "a.txt", encoding="latin-1").text == "café"
    assert document("café".encode("latin-1"), "a.txt", encoding="latin-1").text == "café"


def test_text_with_lone_surrogates_is_made_storable() -> None:
    found = document("# Tea \ud83d\n", "a.md")
    found.text.encode()
    assert found.title == "Tea ?"


def test_content_hash_is_of_the_bytes() -> None:
    assert content_hash(b"") == "99aa06d3014798d86001c324468d497f"
    assert content_hash(b"a") != content_hash(b"b")


def test_import_brings_no_parser() -> None:
    code = (
        "import sys, searchkit.documents; heavy = {'pathspec', 'markdown_it', 'selectolax', 'pypdfium2', 'xxhash', "
        "'charset_normalizer', 'numpy'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def read_or_refused(data: bytes, name: str) -> None:
    try:
        found = read_text(data, name=name, options=ReadOptions())
    except DocumentRefusedError as error:
        found, reason = [], error.message
    else:
        reason = ""
    assert bool(found) != bool(reason)
    assert not reason.startswith("malformed")  # the last resort at the door is not needed
    for each in found:
        check_blocks(each)
        json.dumps(each.metadata, allow_nan=False).encode()


@settings(max_examples=150, deadline=None)
@given(data=st.data(), suffix=st.sampled_from(sorted(SAMPLES)))
def test_damaged_file_is_read_or_refused_and_never_crashes(data: st.DataObject, suffix: str) -> None:
    sample = SAMPLES[suffix]
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, len(sample)))
    noise = data.draw(st.binary(max_size=12))
    read_or_refused(sample[:start] + noise + sample[end:], f"a{suffix}")


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("#=-~*`>:.|<>/ \t\n\r'\"\\()[]{}@abdefclsé漢\x00\ud800"), max_size=120))
def test_any_text_gives_ordered_blocks_in_every_text_format(text: str) -> None:
    for suffix in (".md", ".rst", ".html", ".py", ".rs", ".csv", ".txt"):
        read_or_refused(text.encode("utf-8", "surrogatepass"), f"a{suffix}")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([*sorted(set(SUPPORTED)), "", ".bin"]))
def test_any_bytes_are_read_or_refused(data: bytes, suffix: str) -> None:
    read_or_refused(data, f"a{suffix}")
