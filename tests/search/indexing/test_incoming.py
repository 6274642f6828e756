from __future__ import annotations

from types import MappingProxyType

import pytest

from searchkit import Document, SearchEngine
from searchkit.errors import InputError


def texts(engine: SearchEngine) -> dict[str, str]:
    return {document.doc_id: document.text for document in engine.iter_documents()}


@pytest.mark.parametrize("name", ["text-2", "text-40", "text-007", "text-" + 30 * "9", "text-x"])
def test_a_name_that_is_given_here_is_none_that_came_before(engine: SearchEngine, name: str) -> None:
    engine.add([{"id": name, "text": "apples"}, "boats", "clocks"])
    found = texts(engine)
    assert found[name] == "apples"
    assert sorted(found.values()) == ["apples", "boats", "clocks"]


def test_metadata_may_be_any_mapping(engine: SearchEngine) -> None:
    engine.add([Document("a", "apples", metadata=MappingProxyType({"lang": "en", "tags": ["x", "y"]}))])
    (found,) = engine.iter_documents(where="lang = 'en'")
    assert found.metadata == {"lang": "en", "tags": ["x", "y"]}
    with pytest.raises(InputError, match="metadata of document 'b' is NoneType; expected a mapping"):
        engine.add([Document("b", "boats", metadata=None)])  # type: ignore[arg-type]
