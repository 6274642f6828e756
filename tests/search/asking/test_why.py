"""One planted document for each cause."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.documents import WalkOptions
from searchkit.errors import InputError, ShapeError
from searchkit.index import Neighbours
from searchkit.search.asking.reasons import Cause, Why
from searchkit.search.snapshot import Snapshot
from searchkit.store.topics import KeptTopic, KeptTopics

GUIDE = "docs/guide/apples.md"


@pytest.fixture
def indexed(engine: SearchEngine, docs: Path) -> SearchEngine:
    """`docs` in the index, with an ignore file, and old enough for its times to be trusted."""
    (docs / ".searchkitignore").write_text("# none of these\n*.log\n")
    for file in docs.rglob("*"):
        os.utime(file, (1_600_000_000, 1_600_000_000))
    engine.index_paths([docs])
    return engine


def causes(found: Why) -> list[Cause]:
    return [reason.cause for reason in found.reasons]


def only_reason(found: Why) -> tuple[Cause, str, str]:
    (reason,) = found.reasons
    assert found.rank is None
    return reason.cause, reason.text, reason.remedy


# --- between the disk and the index


def test_left_out_by_a_line_of_an_ignore_file(indexed: SearchEngine, docs: Path) -> None:
    (docs / "guide" / "run.log").write_text("apples\n")
    cause, text, remedy = only_reason(indexed.why("apples", "docs/guide/run.log"))
    assert cause is Cause.LEFT_OUT
    assert text == f"docs/guide/run.log is left out: {docs / '.searchkitignore'}, line 2: *.log"
    assert "--no-ignore" in remedy


def test_hidden(indexed: SearchEngine, docs: Path) -> None:
    (docs / ".secret.md").write_text("apples\n")
    cause, text, _ = only_reason(indexed.why("apples", docs.joinpath(".secret.md").as_posix()))
    assert (cause, text) == (Cause.LEFT_OUT, "docs/.secret.md is left out: its name begins with a dot")


def test_what_is_left_out_is_as_the_folder_was_indexed(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs], walk=WalkOptions(globs=("*.md",), excludes=("boats*",), hidden=True))
    (docs / ".secret.md").write_text("apples\n")
    assert causes(engine.why("apples", "docs/.secret.md")) == [Cause.NEW]
    for path, rule in {
        "docs/clocks.txt": "no --glob takes it",
        "docs/guide/boats.md": "--exclude, line 1: boats*",
    }.items():
        cause, text, remedy = only_reason(engine.why("apples", path))
        assert (cause, text) == (Cause.LEFT_OUT, f"{path} is left out: {rule}")
        assert remedy == f"searchkit index {docs} with another --glob or --exclude, or with none"


def test_new(indexed: SearchEngine, docs: Path) -> None:
    (docs / "fresh.md").write_text("apples\n")
    cause, text, remedy = only_reason(indexed.why("apples", "docs/fresh.md"))
    assert cause is Cause.NEW
    assert text.startswith("docs/fresh.md is not in the index: it is new")
    assert remedy == f"searchkit index {docs}"


def test_outside_of_what_was_indexed(indexed: SearchEngine, tmp_path: Path, docs: Path) -> None:
    (tmp_path / "elsewhere.md").write_text("apples\n")
    cause, text, _ = only_reason(indexed.why("apples", "elsewhere.md"))
    assert cause is Cause.OUTSIDE
    assert text == f"{tmp_path / 'elsewhere.md'} lies in no folder that was indexed ({docs})"


def test_neither_in_the_index_nor_on_disk(indexed: SearchEngine) -> None:
    cause, text, _ = only_reason(indexed.why("apples", "docs/no.md"))
    assert (cause, text) == (Cause.MISSING, "docs/no.md is neither in the index nor on disk")
    assert causes(indexed.why("apples", "no such id")) == [Cause.MISSING]
    assert causes(indexed.why("apples", "x" * 5000)) == [Cause.MISSING]


def test_refused_with_the_reason(indexed: SearchEngine, docs: Path) -> None:
    (docs / "picture.bin").write_bytes(b"\x00\x01\x02" * 50)
    indexed.index_paths([docs])
    (refusal,) = [source for source in indexed.sources() if source.status == "refused"]
    cause, text, _ = only_reason(indexed.why("apples", "docs/picture.bin"))
    assert (cause, text) == (Cause.REFUSED, f"docs/picture.bin was refused: {refusal.reason}")


def test_a_refusal_of_the_walk_is_told_before_the_file_was_ever_indexed(indexed: SearchEngine, docs: Path) -> None:
    (docs / "far.md").symlink_to(docs / "guide" / "nothing.md")
    assert causes(indexed.why("apples", "docs/far.md")) == [Cause.MISSING]
    with (docs / "huge.md").open("wb") as huge:
        huge.truncate(60 * 1024 * 1024)
    cause, text, _ = only_reason(indexed.why("apples", "docs/huge.md"))
    assert (cause, text) == (Cause.REFUSED, "docs/huge.md was refused: 60 MiB, over the limit of 50 MiB")


def test_empty(indexed: SearchEngine, docs: Path) -> None:
    (docs / "empty.md").write_text("\n")
    indexed.index_paths([docs])
    cause, text, _ = only_reason(indexed.why("apples", "docs/empty.md"))
    assert (cause, text) == (Cause.EMPTY, "docs/empty.md has no text in it")


def test_gone_from_disk_and_still_in_the_index(indexed: SearchEngine, docs: Path) -> None:
    (docs / "guide" / "apples.md").unlink()
    found = indexed.why("apples grow", GUIDE)
    assert found.rank == 1
    assert causes(found) == [Cause.GONE]


def test_changed_since_it_was_indexed(indexed: SearchEngine, docs: Path) -> None:
    (docs / "guide" / "apples.md").write_text("# Pears\n\nPears, of another size, grow too.\n")
    found = indexed.why("pears grow", GUIDE, k=1)
    assert Cause.CHANGED in causes(found)


def test_touched_but_the_same_is_not_changed(indexed: SearchEngine, docs: Path) -> None:
    os.utime(docs / "guide" / "apples.md", (1_700_000_000, 1_700_000_000))
    assert indexed.why("apples grow", GUIDE).reasons == ()


def test_a_root_that_is_one_file_and_was_removed_is_new(
    engine: SearchEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.md").write_text("apples grow\n")
    engine.index_paths([Path("one.md")])
    engine.delete(["one.md"])
    assert causes(engine.why("apples", "one.md")) == [Cause.NEW]


# --- in the index, and not among the hits


def numbered(engine: SearchEngine, count: int = 40) -> None:
    """Documents ``0`` to ``count - 1``, each a little less about apples than the one before."""
    engine.add([{"id": str(i), "text": "apples " * (count - i) + "pears " * i, "half": i % 2} for i in range(count)])


def test_found_at_its_rank(engine: SearchEngine) -> None:
    numbered(engine)
    hits = engine.search("apples", k=5, mode="dense")
    for hit in hits:
        found = engine.why("apples", hit.doc_id, k=5, mode="dense")
        assert (found.rank, found.reasons) == (hit.rank, ())
        assert list(found.hits) == hits


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_outranked(engine: SearchEngine, mode: str) -> None:
    numbered(engine)
    ranking = [hit.doc_id for hit in engine.search("apples pears", k=40, mode=mode)]
    found = engine.why("apples pears", ranking[36], k=10, mode=mode)
    cause, text, remedy = only_reason(found)
    assert cause is Cause.RANK
    assert text == "it is at rank 37 of 40 chunks; the hits end at rank 10"
    assert remedy == "-k 37 shows it"
    assert found.standing is not None
    assert found.standing.fused_rank == 37
    assert [hit.doc_id for hit in found.hits] == ranking[:10]


def test_where_it_stands_is_the_exact_place_in_each_part(engine: SearchEngine, encoder: WordEncoder) -> None:
    numbered(engine)
    texts = {str(i): "apples " * (40 - i) + "pears " * i for i in range(40)}
    cosines = {
        name: float(encoder.encode_passages([text])[0] @ encoder.encode_queries(["apples"])[0])
        for name, text in texts.items()
    }
    by_cosine = sorted(texts, key=lambda name: -cosines[name])
    lexical = [hit.doc_id for hit in engine.search("apples", k=40, mode="lexical")]
    standing = engine.why("apples", by_cosine[30], k=3).standing
    assert standing is not None
    assert standing.dense is not None
    assert standing.lexical is not None
    assert standing.dense.rank == 31
    assert standing.cosine == standing.dense.score == pytest.approx(cosines[by_cosine[30]], abs=2e-3)
    assert standing.lexical.rank == lexical.index(by_cosine[30]) + 1
    assert standing.chunks == 40


def test_far_down(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.search.asking.why.SEARCHED", 101)
    engine.add([{"id": str(i), "text": f"apples word{i}"} for i in range(150)])
    last = engine.search("apples", k=150, mode="dense")[-1].doc_id
    cause, text, _ = only_reason(engine.why("apples", last, k=3, mode="dense"))
    assert cause is Cause.RANK
    assert text == "it is not among the first 101 of 150 chunks; by cosine it is at rank 150"


def test_filtered_by_each_option(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    engine.add([{"id": "note", "text": "apples", "lang": "fr", "year": 2001}])
    cause, text, remedy = only_reason(engine.why("apples", "note", where="lang = 'en' OR year > 2020"))
    assert (cause, text) == (Cause.FILTERED, "where lang = 'en' OR year > 2020 leaves it out")
    assert remedy == "it has lang = 'fr', year = 2001"
    cause, text, remedy = only_reason(engine.why("apples", GUIDE, path="*.txt"))
    assert (cause, text) == (Cause.FILTERED, "path *.txt leaves it out")
    assert remedy == f"it has path = '{GUIDE}'"
    cause, text, _ = only_reason(engine.why("apples", "note", path="*.txt", since="2001"))
    assert (cause, text) == (Cause.FILTERED, "path *.txt and since 2001 leave it out")


def test_a_file_of_records_is_filtered_when_all_of_them_are(engine: SearchEngine, docs: Path) -> None:
    (docs / "table.jsonl").write_text('{"text": "apples", "lang": "fr"}\n{"text": "apples", "lang": "en"}\n')
    engine.index_paths([docs])
    assert engine.why("apples", "docs/table.jsonl", where="lang = 'fr'", path="docs/table.jsonl").rank is not None
    cause, text, _ = only_reason(engine.why("apples", "docs/table.jsonl", where="lang = 'de'", path="docs/*"))
    assert (cause, text) == (Cause.FILTERED, "where lang = 'de' leaves it out")


def test_filtered_by_several_together(engine: SearchEngine, encoder: WordEncoder, docs: Path) -> None:
    (docs / "table.jsonl").write_text('{"text": "apples", "lang": "fr"}\n{"text": "boats", "lang": "en"}\n')
    engine.index_paths([docs / "table.jsonl"])
    centre = encoder.encode_passages(["boats"])[0]
    topics = KeptTopics((KeptTopic(1, "boats", ("boats",), 0.9, centre),), encoder.fingerprint, "kmeans", (), "2026")
    engine.keep_topics(topics, np.array([1, 2]), np.array([0, 1]))
    cause, text, _ = only_reason(engine.why("apples", "docs/table.jsonl", where="lang = 'fr'", topic=1))
    assert (cause, text) == (Cause.FILTERED, "where lang = 'fr' and topic 1 leave it out")


def test_no_word_in_common(engine: SearchEngine) -> None:
    numbered(engine, 5)
    cause, text, _ = only_reason(engine.why("boats sail", "0", mode="lexical"))
    assert (cause, text) == (Cause.NO_WORD, "none of the words boats, sail is in it")


def test_excluded_by_a_sign(engine: SearchEngine) -> None:
    numbered(engine, 5)
    assert causes(engine.why("apples -pears", "2", mode="lexical")) == [Cause.EXCLUDED]
    assert causes(engine.why("apples +boats", "2", mode="lexical")) == [Cause.EXCLUDED]


def test_below_the_lowest_score(engine: SearchEngine) -> None:
    numbered(engine, 5)
    hits = engine.search("apples", k=5, mode="dense")
    cause, text, _ = only_reason(engine.why("apples", hits[-1].doc_id, mode="dense", min_score=hits[0].score))
    assert cause is Cause.MIN_SCORE
    assert text == f"its cosine {hits[-1].score:.3f} is below the {hits[0].score:g} that was asked for"


def test_nothing_close(engine: SearchEngine) -> None:
    numbered(engine, 5)
    found = engine.why("quite something else", "0", abstain=0.01)
    assert causes(found)[0] is Cause.NOTHING_CLOSE
    assert found.hits == ()


def test_folded_under_a_better_hit(engine: SearchEngine) -> None:
    engine.add([{"id": "one", "text": "apples grow on trees"}, {"id": "two", "text": "apples grow on trees"}])
    cause, text, _ = only_reason(engine.why("apples", "two", fold=True))
    assert (cause, text) == (Cause.FOLDED, "it is folded under hit 1, of nearly the same content")


def test_cut_by_the_quota_of_its_document(engine: SearchEngine) -> None:
    engine.add([{"id": "long", "text": "\n\n".join(f"apples and pears number{i} " * 12 for i in range(6))}])
    ranking = engine.search("apples pears", k=6, mode="dense")
    second = ranking[1].chunk_id
    cause, text, _ = only_reason(engine.why("apples pears", second, k=6, mode="dense", per_document=1))
    assert (cause, text) == (Cause.CUT, "other chunks of its document come first, such as hit 1")
    assert causes(engine.why("apples pears", second, k=6, mode="dense", group="document")) == [Cause.CUT]


def test_passed_over_for_diversity(engine: SearchEngine) -> None:
    engine.add(
        [{"id": "one", "text": "apples grow"}, {"id": "same", "text": "apples grow"}, {"id": "far", "text": "boats"}]
    )
    found = engine.why("apples grow", "same", k=2, mode="dense", diverse=0.1)
    assert causes(found) == [Cause.DIVERSITY]
    assert found.reasons[0].text == "it is at rank 2, and too much like better hits for a diverse list"


def test_diversity_is_not_taken_for_a_quota(engine: SearchEngine) -> None:
    same = "apples and pears " * 12
    engine.add([{"id": "long", "text": f"{same}\n\n{same}"}, {"id": "far", "text": "boats"}])
    first, second = engine.chunks("long")
    assert first.text.split() == second.text.split()
    found = engine.why("apples pears", second.chunk_id, k=2, mode="dense", diverse=0.1)
    assert [hit.doc_id for hit in found.hits] == ["long", "far"]
    assert causes(found) == [Cause.DIVERSITY]


def test_lost_by_an_approximate_index(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    numbered(engine, 20)
    fourth = engine.search("apples", k=4, mode="dense")[3]
    nearest = Snapshot.nearest

    def blind(snapshot: Snapshot, queries: object, k: int, allowed: object) -> Neighbours:
        """As an approximate index may be: it does not see one of the chunks."""
        found = nearest(snapshot, queries, k + 1, allowed)  # type: ignore[arg-type]
        kept = found.ids[0] != fourth.chunk_id
        return Neighbours(found.scores[:, kept][:, :k], found.ids[:, kept][:, :k])

    monkeypatch.setattr(Snapshot, "nearest", blind)
    found = engine.why("apples", fourth.doc_id, k=5, mode="dense")
    assert causes(found)[0] is Cause.APPROXIMATE
    assert (
        found.reasons[0].text
        == "the approximate index (exact) does not find it, though by exact cosine it is at rank 4"
    )
    assert found.standing is not None
    assert found.standing.dense is not None
    assert found.standing.dense.rank == 4


# --- what can be asked about


def test_a_file_is_found_by_where_it_lies(indexed: SearchEngine, docs: Path) -> None:
    by_place = indexed.why("apples grow", str(docs / "guide" / "apples.md"))
    assert (by_place.name, by_place.rank) == (GUIDE, 1)


def test_a_folder_or_an_unknown_chunk_is_an_error(indexed: SearchEngine) -> None:
    with pytest.raises(InputError, match="is a folder"):
        indexed.why("apples", "docs/guide")
    with pytest.raises(InputError, match="no chunk 99999"):
        indexed.why("apples", 99_999)


def test_the_best_of_several_chunks_is_judged(engine: SearchEngine) -> None:
    numbered(engine)
    engine.add([{"id": "long", "text": "\n\n".join(("boats " * 30, "apples pears " * 15, "clocks " * 30))}])
    ranking = engine.search("apples pears", k=60, mode="dense")
    best = next(hit for hit in ranking if hit.doc_id == "long")
    found = engine.why("apples pears", "long", k=max(1, best.rank - 1), mode="dense")
    assert found.standing is not None or found.rank is not None
    shown = engine.why("apples pears", "long", k=best.rank, mode="dense")
    assert shown.rank == best.rank


def test_an_index_without_words_is_judged_by_its_dense_part(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbered(engine)
    monkeypatch.setattr("searchkit.store.StoreReader.has_lexical", lambda _: False)
    ranking = [hit.doc_id for hit in engine.search("apples", k=40, mode="dense")]
    standing = engine.why("apples", ranking[20], k=3).standing
    assert standing is not None
    assert standing.lexical is None
    assert standing.dense is not None
    assert standing.dense.rank == 21
    assert np.isfinite(standing.cosine)


class Counting:
    """Judges by length, and counts what it judged."""

    name = "counting"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def scores(self, _: str, passages: Sequence[str]) -> NDArray[np.float64]:
        self.seen += passages
        return np.array([len(passage) for passage in passages], np.float64)


def test_no_passage_is_judged_twice(engine: SearchEngine) -> None:
    texts = [f"apples {'grow ' * number}" for number in range(1, 60)]
    engine.add([{"id": text, "text": text} for text in texts] + [{"id": "same", "text": texts[0]}])
    judge = Counting()
    found = engine.why("apples grow", texts[0], k=2, rerank=judge)
    assert found.rank is None
    assert len(judge.seen) == len(set(judge.seen))
    assert [hit.chunk_id for hit in found.hits] == [
        hit.chunk_id for hit in engine.search("apples grow", 2, rerank=Counting())
    ]


def test_a_judge_that_gives_too_few_scores_is_told_here_too(engine: SearchEngine) -> None:
    engine.add(["apples grow", "boats sail", "apples and boats"])
    judge = Counting()
    judge.scores = lambda *_: np.ones(1)  # type: ignore[method-assign]
    with pytest.raises(ShapeError, match="a finite number for each"):
        engine.why("apples", 1, rerank=judge)


def test_a_name_that_no_file_can_have_is_neither_here_nor_there(indexed: SearchEngine) -> None:
    assert causes(indexed.why("apples", "docs/a\0b.md")) == [Cause.MISSING]
