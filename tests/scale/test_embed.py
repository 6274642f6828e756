"""Shards hold what an index would hold, whatever happens while they are made."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit.chunking import Chunker, ChunkSettings, passage_text
from searchkit.documents import ReadOptions, WalkOptions, read_source, walk
from searchkit.errors import DocumentRefusedError, InputError, ShardsError
from searchkit.scale.embed import EmbedOptions, embed
from searchkit.scale.executors import InProcess
from searchkit.scale.making import ShardMaker
from searchkit.scale.shards import Shards
from searchkit.search.indexing.ingest import passage_hash

SMALL = EmbedOptions(batch_size=8, shard_size=20)
SUPPORT = Path(__file__).parent.parent / "support"


def run(corpus: Path, out: str = "out", options: EmbedOptions = SMALL, salt: str = "") -> Shards:
    embed([str(corpus)], out, encoder=WordEncoder(salt), options=options)
    return Shards.open(out)


def contents(out: str | Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(Path(out).iterdir())}


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_rows_are_the_chunks_of_the_documents_with_their_vectors(corpus: Path, dtype: str) -> None:
    encoder = WordEncoder()
    chunker = Chunker(encoder.tokenizer, ChunkSettings(max_tokens=encoder.max_tokens))
    expected = []
    for source in walk(corpus, prefix="docs", options=WalkOptions()):
        try:
            documents = read_source(source, ReadOptions())  # type: ignore[arg-type]
        except DocumentRefusedError:
            continue
        for document in documents:
            for position, chunk in enumerate(chunker.chunk(document)):
                passage = passage_text(document.title, chunk)
                vector = encoder.encode_passages([passage])[0].astype(dtype)
                row = (document.doc_id, position, chunk.text, document.title, chunk.heading_path, chunk.start)
                more = (chunk.end, chunk.line_start, chunk.line_end, chunk.page, document.lines_are_source)
                expected.append((*row, *more, source.path, dict(document.metadata), passage_hash(passage), vector))
    shards = run(corpus, options=EmbedOptions(batch_size=8, shard_size=20, dtype=dtype))
    found = [(row, vector) for batch in shards.batches(rows=7) for row, vector in zip(batch.rows, batch.vectors)]  # noqa: B905
    assert len(found) == len(expected) == shards.manifest.counts.passages
    for (row, vector), (*values, wanted) in zip(found, expected, strict=True):
        assert tuple(getattr(row, name) for name in row.__slots__) == tuple(values)
        np.testing.assert_array_equal(vector, wanted)


def test_rows_can_be_read_from_any_number_on(corpus: Path) -> None:
    shards = run(corpus)
    ids = [row.doc_id for batch in shards.batches() for row in batch.rows]
    for first in range(0, len(ids), 5):
        batches = list(shards.batches(first, rows=9))
        assert [row.doc_id for batch in batches for row in batch.rows] == ids[first:]
        assert batches[0].first == first


def test_a_document_is_never_split_between_shards(corpus: Path) -> None:
    shards = run(corpus)
    seen: set[str] = set()
    for record in shards.manifest.shards:
        rows = [row for batch in shards._of_shard(record, 0, 0, 100) for row in batch.rows]
        assert rows[0].position == 0
        own = {row.doc_id for row in rows}
        assert not own & seen
        seen |= own


def test_what_was_refused_is_told_with_its_reason(corpus: Path) -> None:
    report = embed([str(corpus)], "out", encoder=WordEncoder(), options=SMALL)
    assert dict(report.refused) == {"docs/empty.txt": "empty", "docs/image.png": "binary, not text"}
    assert report.counts.refused == 2
    statuses = {row.path: (row.status, row.reason) for row in Shards.open("out").files()}
    assert statuses["docs/image.png"] == ("refused", "binary, not text")
    assert statuses["docs/guide.md"] == ("indexed", "")


def test_the_same_work_gives_the_same_bytes(corpus: Path) -> None:
    run(corpus, "a")
    run(corpus, "b")
    assert contents("a") == contents("b")


def test_the_out_folder_is_none_of_the_sources(corpus: Path) -> None:
    run(corpus, "docs/out")
    again = embed(["docs"], "docs/out", encoder=WordEncoder(), options=SMALL)
    assert again.made == 0


# --- cut off


def test_a_complete_folder_is_left_as_it_is(corpus: Path) -> None:
    run(corpus)
    before = contents("out")
    report = embed([str(corpus)], "out", encoder=WordEncoder(), options=SMALL)
    assert (report.made, report.passages_made) == (0, 0)
    assert contents("out") == before


class CutOffError(Exception):
    pass


def test_a_run_that_ends_at_any_shard_is_gone_on_with(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(corpus, "whole")
    expected = contents("whole")
    make, made = ShardMaker.make, []

    def dying(self: ShardMaker, task: object) -> object:
        if len(made) % 2:
            made.append("died")
            raise CutOffError
        made.append(task.number)  # type: ignore[attr-defined]
        return make(self, task)  # type: ignore[arg-type]

    monkeypatch.setattr(ShardMaker, "make", dying)
    for _ in range(20):
        try:
            embed([str(corpus)], "out", encoder=WordEncoder(), options=SMALL)
            break
        except CutOffError:
            with pytest.raises(ShardsError, match=r"has no manifest\.json"):
                Shards.open("out")
    numbers = [number for number in made if number != "died"]
    assert sorted(numbers) == list(range(len(expected) - 3)), "each shard is made once"
    assert contents("out") == expected


SCRIPT = """
import sys
from word_encoder import WordEncoder
from searchkit.scale.embed import EmbedOptions, embed
from searchkit.scale.making import ShardMaker
make = ShardMaker._encoded
def told(self, cuts):
    print("batch", flush=True)
    sys.stdin.readline()
    return make(self, cuts)
ShardMaker._encoded = told
embed(["docs"], "out", encoder=WordEncoder(), options=EmbedOptions(batch_size=8, shard_size=20))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize("seed", range(3))
def test_a_run_that_is_killed_within_a_shard_leaves_nothing_half(corpus: Path, seed: int) -> None:
    run(corpus, "whole")
    root = SUPPORT.parent.parent
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SUPPORT), str(root)])}
    for batches in random.Random(seed).sample(range(1, 12), 2):
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for _ in range(batches):
                if not process.stdout.readline():
                    break
                process.stdin.write(b"\n")
                process.stdin.flush()
            process.kill()
    run(corpus, "out")
    assert contents("out") == contents("whole")


# --- what does not agree


def test_other_options_sources_or_encoders_are_told_apart(corpus: Path) -> None:
    run(corpus)
    before = contents("out")
    with pytest.raises(ShardsError, match="another --batch-size"):
        run(corpus, options=EmbedOptions(batch_size=9, shard_size=20))
    with pytest.raises(ShardsError, match="its encoder is another"):
        run(corpus, salt="other")
    (corpus / "guide.md").write_text("Now something else.")
    with pytest.raises(ShardsError, match="its sources"):
        run(corpus)
    assert contents("out") == before


def test_a_run_that_made_no_shard_binds_no_other(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: ShardMaker, task: object) -> object:  # noqa: ARG001
        raise CutOffError

    with monkeypatch.context() as patch:
        patch.setattr(ShardMaker, "make", failing)
        with pytest.raises(CutOffError):
            run(corpus)
    assert contents("out").keys() == {"plan.json"}
    assert embed([str(corpus)], "out", encoder=WordEncoder(), options=replace(SMALL, batch_size=7)).shards > 0


def test_a_folder_with_other_things_is_left_alone(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(ShardsError, match=r"holds other things, such as mine\.txt"):
        run(corpus)


def cut_short(out: Path) -> str:
    file = out / "shard-000001.parquet"
    file.write_bytes(file.read_bytes()[:-20])
    return "has .* bytes; expected"


def flipped(out: Path) -> str:
    file = out / "shard-000001.parquet"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(data)
    return "was altered"


def missing(out: Path) -> str:
    (out / "shard-000000.parquet").unlink()
    return "shard-000000.parquet is missing"


def spare(out: Path) -> str:
    (out / "shard-000077.parquet").write_bytes((out / "shard-000000.parquet").read_bytes())
    return "shard-000077.parquet is there and not named"


def exchanged(out: Path) -> str:
    (out / "shard-000000.parquet").replace(out / "x")
    (out / "shard-000001.parquet").replace(out / "shard-000000.parquet")
    (out / "x").replace(out / "shard-000001.parquet")
    return "shard-000000.parquet has .* bytes|was altered"


def other_counts(out: Path) -> str:
    data = json.loads((out / "manifest.json").read_text())
    data["counts"]["passages"] += 1
    (out / "manifest.json").write_text(json.dumps(data))
    return "its shards add up to"


def counts_that_are_none(out: Path) -> str:
    data = json.loads((out / "manifest.json").read_text())
    data["shards"][0]["rows"] = "many"
    (out / "manifest.json").write_text(json.dumps(data))
    return "cannot be read"


def half_a_manifest(out: Path) -> str:
    text = (out / "manifest.json").read_text()
    (out / "manifest.json").write_text(text[: len(text) // 2])
    return "cannot be read"


HARMS = [cut_short, flipped, missing, spare, exchanged, other_counts, counts_that_are_none, half_a_manifest]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_shards_that_disagree_with_the_manifest_are_told_and_mended(
    corpus: Path, tmp_path: Path, harm: Callable[[Path], str]
) -> None:
    run(corpus)
    before = contents("out")
    message = harm(tmp_path / "out")
    with pytest.raises(ShardsError, match=message):
        Shards.open("out")
    run(corpus)
    assert contents("out") == before


def test_a_manifest_of_a_newer_format_is_not_guessed_at(corpus: Path, tmp_path: Path) -> None:
    run(corpus)
    data = json.loads((tmp_path / "out" / "manifest.json").read_text())
    (tmp_path / "out" / "manifest.json").write_text(json.dumps({**data, "format": 99}))
    with pytest.raises(ShardsError, match="have format 99, this searchkit reads 1"):
        Shards.open("out")


def test_a_table_of_other_columns_is_told(corpus: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    shards = run(corpus)
    for file in ("files.parquet", shards.manifest.shards[0].file):
        rows = parquet.read_metadata(tmp_path / "out" / file).num_rows
        parquet.write_table(pa.table({"other": list(range(rows))}), tmp_path / "out" / file)
    with pytest.raises(ShardsError, match=r"files\.parquet is not readable"):
        list(shards.files())
    with pytest.raises(ShardsError, match=r"shard-000000\.parquet is not readable"):
        list(shards.batches())


def test_a_worker_process_that_is_killed_is_told_with_the_next_step(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    def broken(*_: object) -> Future[str]:
        future: Future[str] = Future()
        future.set_exception(BrokenProcessPool("a process was terminated abruptly"))
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", broken)
    with pytest.raises(ShardsError, match="a worker process ended") as caught:
        embed([str(corpus)], "out", options=replace(SMALL, concurrency=2))
    assert "goes on with what is missing" in caught.value.hint


def test_a_flipped_bit_is_noticed_while_reading_too(corpus: Path, tmp_path: Path) -> None:
    shards = run(corpus)
    flipped(tmp_path / "out")
    with pytest.raises(ShardsError, match="disagree"):
        list(shards.batches())


@pytest.mark.parametrize("name", ["records.jsonl", "guide.md"])
def test_a_file_that_changes_after_the_plan_ends_the_run(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    begin = InProcess.__init__

    def changing(self: InProcess, *arguments: object) -> None:
        (corpus / name).write_text("Something else.")
        begin(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(InProcess, "__init__", changing)
    with pytest.raises(ShardsError, match=f"docs/{name} changed while it was embedded"):
        run(corpus)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["docs", "docs/deep"], "would both be called 'docs/deep/plain.txt'"),
        (["../elsewhere/a/notes", "../elsewhere/b/notes"], "would both be called 'notes'"),
    ],
)
def test_sources_that_are_not_there_or_clash_are_named(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: list[str], message: str
) -> None:
    (tmp_path / "here").mkdir()
    corpus.replace(tmp_path / "here" / "docs")
    for name in ("a", "b"):
        (tmp_path / "elsewhere" / name / "notes").mkdir(parents=True)
        (tmp_path / "elsewhere" / name / "notes" / f"{name}.txt").write_text("A note.")
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(InputError, match=message):
        embed(sources, "out", encoder=WordEncoder(), options=SMALL)
    assert not Path("out").exists()


@pytest.mark.parametrize("field", ["batch_size", "shard_size", "concurrency"])
def test_options_out_of_range_are_refused(field: str) -> None:
    with pytest.raises(InputError, match=f"{field} is 0"):
        EmbedOptions(**{field: 0})  # type: ignore[arg-type]


# --- URLs


def test_sources_and_shards_may_lie_at_a_url(corpus: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for file in corpus.rglob("*"):
        if file.is_file():
            memory.pipe_file(f"/bucket/docs/{file.relative_to(corpus).as_posix()}", file.read_bytes())
    here = run(corpus)
    options = SMALL
    report = embed(["memory://bucket/docs"], "memory://bucket/out", encoder=WordEncoder(), options=options)
    there = Shards.open("memory://bucket/out")
    assert report.counts == here.manifest.counts
    for ours, theirs in zip(here.batches(), there.batches(), strict=True):
        assert ours.rows == theirs.rows
        np.testing.assert_array_equal(ours.vectors, theirs.vectors)
    again = embed(["memory://bucket/docs"], "memory://bucket/out", encoder=WordEncoder(), options=options)
    assert again.made == 0


@pytest.mark.parametrize("act", ["find", "ls", "put_file", "open"])
def test_errors_of_a_store_are_told_with_the_next_step(corpus: Path, monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    """They are of no common kind; those of some are no OSError."""
    import fsspec

    class NoCredentialsError(Exception):
        pass

    def refused(*_: object, **__: object) -> object:
        raise NoCredentialsError("unable to locate credentials")

    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for place in ("in/note.txt", "out/plan.json", "out/manifest.json"):
        memory.pipe_file(f"/store/{place}", b"A note.")
    source = "memory://store/in" if act == "find" else str(corpus)
    where = "memory://store/out" if act in ("ls", "open") else "memory://store/new"
    monkeypatch.setattr(type(memory), act, refused)
    with pytest.raises(ShardsError, match="unable to locate credentials") as caught:
        embed([source], where, encoder=WordEncoder(), options=SMALL) if act != "open" else Shards.open(where)
    assert "credentials that the store's own client uses" in caught.value.hint


def test_a_kind_of_url_that_there_is_not_is_named() -> None:
    with pytest.raises(ShardsError, match="nosuch://x cannot be opened"):
        embed(["nosuch://x"], "out", encoder=WordEncoder())
