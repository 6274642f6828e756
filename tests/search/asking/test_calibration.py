from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import InputError
from searchkit.search.asking import calibration
from searchkit.search.asking.calibration import LOWEST_RATE, SHARES, Calibration, calibrate
from searchkit.search.asking.everyday import QUESTIONS
from searchkit.store import StoreReader

TEXTS = [f"word{i} word{i % 7} shared thing number{i % 13}" for i in range(120)]


def measured(engine: SearchEngine, encoder: WordEncoder) -> Calibration:
    with engine._looking() as reader:
        found = calibrate(reader, encoder)
    assert found is not None
    return found


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So many chunks are enough to be measured with each change."""
    monkeypatch.setattr(calibration, "FEWEST_CHUNKS", 100)
    return 100


def stored(folder: Path) -> object:
    reader = StoreReader(folder / "searchkit.db")
    with reader.snapshot():
        found = reader.calibration()
    reader.close()
    return found


def by_hand(background: tuple[float, ...] = (), off_topic: tuple[float, ...] = (), pairs: int = 0) -> Calibration:
    return Calibration(1, "", 1, pairs, background, off_topic)


# --- the background


def test_the_background_is_the_cosines_of_texts_of_different_documents(
    engine: SearchEngine, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "CHUNKS_A_QUERY", 1)  # so that every chunk is sampled
    engine.add([{"id": text, "text": text} for text in TEXTS])
    rows = encoder.encode_queries(TEXTS)
    off_diagonal = (rows @ rows.T)[~np.eye(len(rows), dtype=bool)]
    found = measured(engine, encoder)
    assert found.pairs == len(off_diagonal)
    np.testing.assert_allclose(found.background, np.quantile(off_diagonal, (*SHARES, 1.0)), atol=2e-3)


def test_pairs_of_one_document_do_not_count(engine: SearchEngine, encoder: WordEncoder) -> None:
    engine.add([{"id": "one", "text": "apples grow on trees in every orchard " * 40}])
    assert engine.status().chunks > 2
    alone = measured(engine, encoder)
    assert (alone.pairs, alone.background) == (0, ())
    assert alone.percentile(0.5) is None


def test_a_percentile_is_the_share_of_pairs_below() -> None:
    cosines = np.linspace(0, 0.5, 10_001)
    table = by_hand(tuple(np.quantile(cosines, (*SHARES, 1.0)).tolist()), pairs=len(cosines))
    for share in (0.0, 0.137, 0.5, 0.9973):
        assert table.percentile(0.5 * share) == pytest.approx(100 * share, abs=0.01)
    assert table.percentile(-0.2) == 0
    assert table.percentile(0.9) == table.percentile(1.0) == pytest.approx(100 * 10_001 / 10_002)


# --- off topic


def test_off_topic_is_the_best_cosine_of_each_everyday_question(engine: SearchEngine, encoder: WordEncoder) -> None:
    engine.add([{"id": text, "text": text} for text in TEXTS])
    best = (encoder.encode_queries(QUESTIONS) @ encoder.encode_queries(TEXTS).T).max(axis=1)
    np.testing.assert_allclose(measured(engine, encoder).off_topic, np.sort(best), atol=2e-3)


def test_a_p_value_counts_the_everyday_questions_that_come_as_close() -> None:
    table = by_hand(off_topic=(0.1, 0.2, 0.2, 0.3))
    assert table.p_value(0.05) == 1
    assert table.p_value(0.1) == 1
    assert table.p_value(0.15) == 4 / 5
    assert table.p_value(0.2) == 4 / 5
    assert table.p_value(0.3) == 2 / 5
    assert table.p_value(0.31) == 1 / 5


def test_of_the_everyday_questions_no_more_than_the_rate_is_answered(engine: SearchEngine) -> None:
    engine.add([{"id": text, "text": text} for text in TEXTS])
    for rate in (0.05, 0.2, 0.5):
        answers = engine.ask_many(QUESTIONS, k=1, mode="dense", abstain=rate)
        assert sum(not one.nothing_close for one in answers) <= rate * len(QUESTIONS)


def test_what_the_index_holds_is_answered_and_nothing_else(engine: SearchEngine) -> None:
    engine.add([{"id": text, "text": text} for text in TEXTS])
    own, other = engine.ask_many([TEXTS[3], "quite something else"], k=2, abstain=0.05)
    assert not own.nothing_close
    assert own.hits[0].doc_id == TEXTS[3]
    assert other.nothing_close
    assert other.hits == []
    assert len(engine.search("quite something else", k=2)) == 2


def test_a_filter_does_not_make_a_question_answerable(engine: SearchEngine) -> None:
    engine.add([{"id": text, "text": text, "part": "numbered"} for text in TEXTS])
    engine.add([{"id": "zebra", "text": "zebras graze", "part": "animals"}])
    assert engine.ask(TEXTS[3], abstain=0.05, where="part = 'numbered'").hits
    assert engine.ask(TEXTS[3], abstain=0.05, where="part = 'animals'").nothing_close


def test_nothing_is_close_in_every_mode(engine: SearchEngine) -> None:
    engine.add([{"id": text, "text": text} for text in TEXTS])
    for mode in ("hybrid", "dense", "lexical"):
        assert engine.ask("this shares one shared word", mode=mode, abstain=0.05).nothing_close


@pytest.mark.parametrize("rate", [0, 1, -0.1, LOWEST_RATE - 0.001])
def test_a_rate_that_cannot_be_kept_is_refused(engine: SearchEngine, rate: float) -> None:
    engine.add(TEXTS[:3])
    with pytest.raises(InputError, match="abstain is"):
        engine.search("apples", abstain=rate)


def test_the_lowest_rate_can_be_passed(engine: SearchEngine) -> None:
    engine.add(TEXTS)
    assert engine.search(TEXTS[3], abstain=LOWEST_RATE)


# --- kept in the index


def test_a_small_index_is_measured_when_it_is_asked(folder: Path, engine: SearchEngine, few: int) -> None:
    engine.add(TEXTS[: few - 1])
    assert stored(folder) is None
    assert engine.search("word3")[0].percentile is None
    assert engine.search("word3", explain=True)[0].percentile is not None
    assert stored(folder) is None  # a reader writes nothing


def test_a_measurement_on_demand_is_remembered_until_the_index_changes(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.add(TEXTS[:10])
    calls = []
    monkeypatch.setattr(calibration, "calibrate", lambda *given: calls.append(0) or calibrate(*given))
    for _ in range(3):
        engine.search("word3", abstain=0.5)
    assert len(calls) == 1
    engine.add(TEXTS[10:12])
    engine.search("word3", abstain=0.5)
    assert len(calls) == 2


@pytest.mark.usefixtures("few")
def test_an_index_keeps_what_was_measured_until_it_is_another(
    folder: Path, engine: SearchEngine, encoder: WordEncoder
) -> None:
    engine.add([{"id": text, "text": text} for text in TEXTS])
    first = stored(folder)
    assert isinstance(first, dict)
    assert first["chunks"] == len(TEXTS)
    assert tuple(first["off_topic"]) == measured(engine, encoder).off_topic
    engine.add([f"a little more {i}" for i in range(len(TEXTS) // 4)])
    assert stored(folder) == first
    engine.add(["and now a quarter"])
    second = stored(folder)
    assert isinstance(second, dict)
    assert second["chunks"] == len(TEXTS) + len(TEXTS) // 4 + 1


@pytest.mark.usefixtures("few")
def test_another_encoder_is_measured_anew(folder: Path, encoder: WordEncoder) -> None:
    other = WordEncoder("other")
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add(TEXTS)
        first = stored(folder)
        engine.rebuild(encoder=other)
        second = stored(folder)
        assert isinstance(first, dict)
        assert isinstance(second, dict)
        assert (first["fingerprint"], second["fingerprint"]) == (encoder.fingerprint, other.fingerprint)
        assert tuple(second["off_topic"]) == measured(engine, other).off_topic


@pytest.mark.usefixtures("few")
def test_the_same_index_is_measured_the_same(tmp_path: Path, encoder: WordEncoder) -> None:
    found = []
    for name in ("one", "two"):
        with SearchEngine.open_or_create(tmp_path / name, encoder=encoder) as engine:
            engine.add([{"id": text, "text": text} for text in TEXTS])
        found.append(stored(tmp_path / name))
    assert found[0] == found[1] is not None


@pytest.mark.usefixtures("few")
def test_hits_have_their_percentile_from_the_index(engine: SearchEngine, encoder: WordEncoder) -> None:
    engine.add([{"id": text, "text": text} for text in TEXTS])
    table = measured(engine, encoder)
    for hit in engine.search("word3 thing", k=20):
        assert hit.percentile == table.percentile(hit.score)


def test_an_empty_index_answers_nothing_and_is_not_off_topic(engine: SearchEngine) -> None:
    engine.add(["gone"])
    engine.delete(["text-1"])
    asked = engine.ask("word3", abstain=0.05)
    assert (asked.hits, asked.nothing_close) == ([], False)


def test_everyday_questions_are_many_and_different() -> None:
    assert len(set(QUESTIONS)) == len(QUESTIONS) == 200
    assert all(len(question.split()) > 1 for question in QUESTIONS)
