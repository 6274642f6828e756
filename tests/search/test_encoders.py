from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import EncoderMismatchError, InputError
from searchkit.search import IndexSettings
from searchkit.search.indexing.reencode import reencode

TEXTS = ["apples grow on trees", "boats sail the sea"]


@pytest.fixture
def salts(monkeypatch: pytest.MonkeyPatch) -> dict[str | None, str]:
    """What is behind the names of encoders, which are loaded by them; None is the one that comes with searchkit."""
    behind: dict[str | None, str] = {None: "bundled", "ours": "first"}
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda name, *, device: WordEncoder(behind[name]))  # noqa: ARG005
    return behind


def test_an_encoder_that_was_trained_on_keeps_its_name(folder: Path, salts: dict[str | None, str]) -> None:
    with SearchEngine.open_or_create(folder, encoder="ours") as engine:
        engine.add(TEXTS)
    salts["ours"] = "second"
    with SearchEngine.open(folder) as engine:
        with pytest.raises(EncoderMismatchError) as told:
            engine.search("apples")
        assert told.value.hint.endswith("with what has this name now: searchkit rebuild")
        assert engine.rebuild() == 2
    with SearchEngine.open(folder) as engine:
        assert engine.status().encoder == "ours"
        assert engine.search("boats sail the sea")[0].score == pytest.approx(1, abs=2e-3)


def test_searches_are_answered_at_every_moment_of_a_rebuild(
    folder: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add(TEXTS)

        def best() -> str:
            return engine.search("boats sail", 1, mode="dense")[0].text

        def watched(*given: Any) -> int:
            with engine._looking() as reader:
                before = reader.settings()
                assert best() == TEXTS[1]
                encoded = reencode(*given)
                assert best() == TEXTS[1]  # its vectors are there, and not yet their file
                assert engine._encoder.for_index(before) is encoder  # for who began to read a moment earlier
            return encoded

        monkeypatch.setattr("searchkit.search.indexing.reencode.reencode", watched)
        assert engine.rebuild(encoder=WordEncoder("other")) == 2
        assert best() == TEXTS[1]
        assert engine.encoder.name == "wordsother"


def test_a_rebuild_that_fails_leaves_the_encoder(
    folder: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = WordEncoder("other")
    monkeypatch.setattr(other, "max_tokens", 16)
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add(TEXTS)
        with pytest.raises(InputError, match="reads 16"):
            engine.rebuild(encoder=other)
        assert engine.encoder is encoder


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (IndexSettings(chunk_tokens=0), "chunk_tokens is 0; expected 16 to 64"),
        (IndexSettings(chunk_tokens=65), "chunk_tokens is 65"),
        (IndexSettings(overlap_tokens=-1), "overlap_tokens is -1"),
    ],
)
def test_settings_that_no_document_can_be_cut_by_leave_no_index(
    folder: Path, encoder: WordEncoder, settings: IndexSettings, said: str
) -> None:
    engine = SearchEngine.open_or_create(folder, encoder=encoder, settings=settings)
    with pytest.raises(InputError, match=said):
        engine.add(TEXTS)
    assert not folder.exists()
