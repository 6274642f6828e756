from __future__ import annotations

import json

import pytest
from sample_files import check_blocks, document, documents, outline, pieces

from searchkit.errors import DocumentRefusedError
from searchkit.types import BlockKind


def notebook(*cells: object, **more: object) -> str:
    return json.dumps({"cells": cells, "nbformat": 4, **more})


def test_cells_in_order_without_outputs() -> None:
    text = notebook(
        {"cell_type": "markdown", "source": ["# Tea\n", "\n", "Boil."]},
        {"cell_type": "code", "source": "boil()\n", "outputs": [{"text": "secret output"}]},
        {"cell_type": "markdown", "source": "## More\n\ntext"},
        {"cell_type": "raw", "source": "raw words"},
        metadata={"kernelspec": {"language": "python"}},
    )
    found = document(text, "a.ipynb")
    check_blocks(found)
    assert found.text == "# Tea\n\nBoil.\n\nboil()\n\n## More\n\ntext\n\nraw words"
    assert outline(found) == [(1, "Tea"), (2, "More")]
    assert pieces(found, BlockKind.CODE) == ["boil()"]
    assert found.metadata == {"format": "notebook", "language": "python"}
    assert not found.lines_are_source


def test_old_notebook_with_worksheets() -> None:
    cells = [{"cell_type": "heading", "level": 2, "source": "Old"}, {"cell_type": "code", "input": ["x = 1"]}]
    found = document(json.dumps({"worksheets": [{"cells": cells}]}), "a.ipynb")
    assert (found.text, outline(found)) == ("Old\n\nx = 1", [(2, "Old")])


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"cells": 3}', "[" * 100_000, '{"cells": ' + "[" * 100_000])
def test_what_is_no_notebook_is_refused(text: str) -> None:
    with pytest.raises(DocumentRefusedError, match="not a notebook"):
        documents(text, "a.ipynb")


def test_odd_cells_are_passed_over() -> None:
    text = notebook(
        3,
        None,
        {"cell_type": "code", "source": [1, "x"]},
        {"source": {"a": 1}},
        {"cell_type": "heading", "level": "x", "source": "H"},
    )
    assert document(text, "a.ipynb").text == "x\n\nH"
