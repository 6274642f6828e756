from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.directory import IndexFolder
from searchkit.errors import InputError
from searchkit.index import making
from searchkit.search import IndexStatus, inspect
from searchkit.search.indexing.compaction import IndexPlan
from searchkit.store import StoreReader

TEXTS = [f"word{i} word{i % 7} word{i % 31} common" for i in range(420)]


@pytest.fixture
def engine(tmp_path: Path, encoder: WordEncoder) -> Iterator[SearchEngine]:
    with SearchEngine.open_or_create(tmp_path / "index", encoder=encoder) as opened:
        opened.add([{"id": str(i), "text": text} for i, text in enumerate(TEXTS)])
        yield opened


def answers(engine: SearchEngine) -> list[list[tuple[str, float | None]]]:
    return [[(hit.doc_id, hit.score) for hit in engine.search(text, k=5, mode="dense")] for text in TEXTS[::60]]


def test_few_chunks_are_exact_by_auto(engine: SearchEngine) -> None:
    status = engine.status()
    assert (status.index_kind, status.index_plan, status.ann_recall_at_10) == ("exact", "auto", 1.0)


@pytest.mark.parametrize("kind", ["pq", "ivf"])
def test_chosen_kind_answers_as_exact_search_and_is_kept(engine: SearchEngine, encoder, kind: str) -> None:
    before = answers(engine)
    engine.rebuild(kind=kind, target_recall=0.98)
    assert answers(engine) == before
    engine.add([{"id": f"new{i}", "text": f"fresh{i} common"} for i in range(300)])  # makes a new file
    status = engine.status()
    assert (status.generation, status.tail) == (3, 0)
    assert (status.index_kind, status.index_plan, status.target_recall) == (kind, kind, 0.98)
    assert status.ann_recall_at_10 is not None
    assert status.ann_recall_at_10 >= 0.98
    with SearchEngine.open(engine.folder, encoder=encoder) as again:
        assert again.search("fresh7 common", k=1, mode="dense")[0].doc_id == "new7"
    engine.rebuild(kind="auto")
    assert (engine.status().index_kind, engine.status().target_recall) == ("exact", 0.98)


def test_removed_and_new_documents_count_at_once_over_codes(engine: SearchEngine) -> None:
    engine.rebuild(kind="pq")
    first = engine.search(TEXTS[3], k=1, mode="dense")[0].doc_id
    engine.delete([first])
    engine.add([{"id": "twin", "text": TEXTS[3]}])
    status = engine.status()
    assert (status.tail, status.deleted) == (1, 1)
    hits = [hit.doc_id for hit in engine.search(TEXTS[3], k=5, mode="dense")]
    assert hits[0] == "twin"
    assert first not in hits


def test_growth_past_the_threshold_changes_the_kind(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "_PQ_FROM", 600)
    engine.rebuild()
    assert engine.status().index_kind == "exact"
    engine.add([{"id": f"new{i}", "text": f"fresh{i} common"} for i in range(300)])
    assert engine.status().index_kind == "pq"


def test_altered_codes_change_no_answer(engine: SearchEngine, encoder: WordEncoder) -> None:
    engine.rebuild(kind="pq")
    before = answers(engine)
    (file,) = engine.folder.glob("vectors-*.faiss")
    data = bytearray(file.read_bytes())
    data[-2000] ^= 0xFF
    file.write_bytes(data)
    with SearchEngine.open(engine.folder, encoder=encoder) as again:
        assert answers(again) == before


def test_status_does_without_the_file_and_says_what_is_wrong(engine: SearchEngine, tmp_path: Path) -> None:
    (file,) = engine.folder.glob("vectors-*.faiss")
    assert engine.status().vectors_problem is None
    whole = file.read_bytes()
    file.unlink()
    assert (engine.status().ann_recall_at_10, engine.status().vectors_problem) == (None, f"{file.name} is missing")
    file.write_bytes(whole[:-1])
    assert engine.status().vectors_problem == f"{file.name} has {len(whole) - 1} bytes; expected {len(whole)}"
    with SearchEngine.open_or_create(tmp_path / "other", encoder=WordEncoder()) as other:
        other.add([{"id": str(i), "text": text[::-1]} for i, text in enumerate(TEXTS)])
        (others,) = other.folder.glob("vectors-*.faiss")
        assert len(others.read_bytes()) == len(whole)
        file.write_bytes(others.read_bytes())
    assert engine.status().vectors_problem == f"{file.name} was altered: its SHA-256 is not the recorded one"
    engine.rebuild()
    assert engine.status().vectors_problem is None


def test_a_file_that_a_writer_just_replaced_is_no_problem(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = inspect.status

    def late(folder: IndexFolder, reader: StoreReader) -> IndexStatus:
        reader.counts()  # the state that is read is that of now
        monkeypatch.setattr(inspect, "status", looked)
        with SearchEngine.open(engine.folder, encoder=WordEncoder()) as another:
            another.rebuild()
        return looked(folder, reader)

    monkeypatch.setattr(inspect, "status", late)
    state = engine.status()
    assert (state.generation, state.vectors_problem) == (2, None)


@pytest.mark.parametrize("wrong", [{"kind": "annoy"}, {"target_recall": 1.5}])
def test_wrong_choice_changes_nothing(engine: SearchEngine, wrong: dict[str, object]) -> None:
    before = engine.status()
    with pytest.raises(InputError):
        engine.rebuild(**wrong)  # type: ignore[arg-type]
    assert engine.status() == before


def test_plan_keeps_what_is_not_changed() -> None:
    plan = IndexPlan("pq", 0.95)
    assert plan.with_changes(None, None) == plan
    assert plan.with_changes("ivf", None) == IndexPlan("ivf", 0.95)
    assert plan.with_changes(None, 0.9) == IndexPlan("pq", 0.9)
