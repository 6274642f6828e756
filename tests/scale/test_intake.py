"""An index made from shards is the index that the files themselves would give."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import EncoderMismatchError, InputError
from searchkit.scale.embed import EmbedOptions, embed
from searchkit.scale.intake import ShardCorpus
from searchkit.scale.shards import Shards
from searchkit.search.indexing import intake
from searchkit.search.indexing.intake import EncodedDocument

TABLES = {
    "roots": "*",
    "sources": "source_id, root_id, path, size, modified, content_hash, options_digest, status, reason",
    "documents": "*",
    "chunks": "*",
    "embeddings": "*",
    "metadata_fields": "*",
}
QUERIES = ("apples and boats", "number17", "boats float")


def rows(index: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(index / "searchkit.db")) as connection:
        return {
            table: connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()
            for table, columns in TABLES.items()
        }


def shards_of(corpus: Path, out: str = "out", **options: int | str) -> Shards:
    embed([str(corpus)], out, encoder=WordEncoder(), options=EmbedOptions(**{"shard_size": 20, **options}))  # type: ignore[arg-type]
    return Shards.open(out)


def from_shards(shards: Shards, index: Path) -> SearchEngine:
    engine = SearchEngine.open_or_create(index, encoder=WordEncoder())
    engine.index_encoded(ShardCorpus(shards))
    return engine


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_all_rows_and_hits_are_those_of_an_ordinary_index(corpus: Path, tmp_path: Path, dtype: str) -> None:
    shards = shards_of(corpus, dtype=dtype, batch_size=7)
    assert len(shards.manifest.shards) > 3
    with SearchEngine.open_or_create(tmp_path / "a", encoder=WordEncoder()) as ordinary:
        ordinary.index_paths([corpus])
        with from_shards(shards, tmp_path / "b") as engine:
            for query in QUERIES:
                assert engine.search(query, 20) == ordinary.search(query, 20)
            assert engine.search("boats", where="year >= 2000") == ordinary.search("boats", where="year >= 2000")
    assert rows(tmp_path / "b") == rows(tmp_path / "a")


def test_the_next_run_over_the_files_finds_nothing_changed(corpus: Path, tmp_path: Path) -> None:
    with from_shards(shards_of(corpus), tmp_path / "b") as engine:
        report = engine.index_paths([corpus])
    assert (report.new, report.changed, report.removed, report.chunks_encoded) == (0, 0, 0, 0)


class CutOffError(Exception):
    pass


class Ending(ShardCorpus):
    """Ends after so many documents, as a killed process does."""

    def __init__(self, shards: Shards, after: int) -> None:
        super().__init__(shards)
        self._after = after

    def documents(self, first_chunk: int) -> Iterator[EncodedDocument]:
        for number, document in enumerate(super().documents(first_chunk)):
            if number == self._after:
                raise CutOffError
            yield document


def test_a_run_that_was_cut_off_anywhere_goes_on(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH_CHUNKS", 8)
    shards = shards_of(corpus)
    with from_shards(shards, tmp_path / "whole"):
        pass
    expected = rows(tmp_path / "whole")
    with SearchEngine.open_or_create(tmp_path / "b", encoder=WordEncoder()) as engine:
        cuts = 0
        for _ in range(100):
            try:
                done = engine.index_encoded(Ending(shards, 19))
                break
            except CutOffError:
                cuts += 1
        assert cuts > 3
        again = engine.index_encoded(ShardCorpus(shards))
    assert (done.new, done.unchanged) == (1, 3)  # the last table; of six files two are refused
    assert (again.new, again.unchanged, again.chunks_added) == (0, 4, 0)
    assert [one.path for one in again.refused] == ["docs/empty.txt", "docs/image.png"]
    assert rows(tmp_path / "b") == expected


def test_shards_of_another_encoder_are_refused_and_nothing_is_left(corpus: Path, tmp_path: Path) -> None:
    shards = shards_of(corpus)
    engine = SearchEngine.open_or_create(tmp_path / "b", encoder=WordEncoder("other"))
    with pytest.raises(EncoderMismatchError, match="was made with encoder"):
        engine.index_encoded(ShardCorpus(shards))
    assert not (tmp_path / "b").exists()


def test_an_index_with_other_documents_is_left_as_it_is(corpus: Path, tmp_path: Path) -> None:
    with SearchEngine.open_or_create(tmp_path / "b", encoder=WordEncoder()) as engine:
        engine.add(["something else"])
        before = rows(tmp_path / "b")
        with pytest.raises(InputError, match="holds other documents"):
            engine.index_encoded(ShardCorpus(shards_of(corpus)))
    assert rows(tmp_path / "b") == before
