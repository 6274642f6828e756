"""What lies in a collection: one row a chunk, with all that a hit shows and all that a filter asks.

chunk_id      primary key: the id that the chunk has in the index
vector        its stored float16 row, as float32; the metric is the inner product, which of unit rows is the cosine
digest        of everything else in this row: two rows are the same where it is
document_id, position     its place
source_id     of its file, -1 for none; opens_source: the first chunk of that file, for a list of all files
path, doc_id  "" for no path
facts         what filters ask, see `facts`
text          of the chunk
row           the rest of a hit, JSON
partition     where there is a partition key: the value of that metadata field as text
words, sparse the words of the lexical index, and what BM25 makes of them, where the server has it; see `words`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from searchkit.errors import InputError
from searchkit.scale.milvus.words import ANALYZER
from searchkit.store.lexical.bm25 import K1, B

if TYPE_CHECKING:
    from collections.abc import Mapping

    from searchkit.scale.milvus.version import Version

FORMAT = 1
LONGEST = 65_535  # bytes of a text, as Milvus has it
METRIC = "IP"
EF = 320  # candidates of a walk through a graph: with 160 one of 100,000 rows gives 0.97 of the best ten
FURTHER = 2  # times as many behind a filter
SHOWN = ("chunk_id", "vector", "document_id", "position", "path", "doc_id", "text", "row")  # what hits are made of
KINDS: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "hnsw": ("HNSW", {"M": 16, "efConstruction": 200}),
    "exact": ("FLAT", {}),
    "ivf": ("IVF_FLAT", {"nlist": 1024}),
    "ivf-sq8": ("IVF_SQ8", {"nlist": 1024}),
    "diskann": ("DISKANN", {}),
}


def check_kind(kind: str) -> str:
    """Gives the kind.

    Raises:
        InputError: there is no such kind.
    """
    if kind not in KINDS:
        raise InputError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}")
    return kind


def schema_of(dimension: int, version: Version, *, partitioned: bool) -> Any:
    """The fields of a collection."""
    from pymilvus import DataType, Function, FunctionType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("chunk_id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    for name in ("digest", "document_id", "position", "source_id"):
        schema.add_field(name, DataType.INT64)
    schema.add_field("opens_source", DataType.BOOL)
    schema.add_field("facts", DataType.JSON)
    for name in ("path", "doc_id", "text", "row"):
        schema.add_field(name, DataType.VARCHAR, max_length=LONGEST)
    if partitioned:
        schema.add_field("partition", DataType.VARCHAR, max_length=LONGEST, is_partition_key=True)
    if version.has_words:
        schema.add_field(
            "words",
            DataType.VARCHAR,
            max_length=LONGEST,
            enable_analyzer=True,
            enable_match=True,
            analyzer_params=ANALYZER,
        )
        schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(
            Function(
                name="bm25",
                input_field_names=["words"],
                output_field_names=["sparse"],
                function_type=FunctionType.BM25,
            )
        )
    return schema


def indexes_of(kind: str, version: Version) -> Any:
    """The indexes of a collection."""
    from pymilvus import MilvusClient

    name, parameters = KINDS[check_kind(kind)]
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index("vector", index_type=name, metric_type=METRIC, params=dict(parameters))
    if version.has_words:
        indexes.add_index(
            "sparse",
            index_type="SPARSE_INVERTED_INDEX",
            metric_type="BM25",
            params={"bm25_k1": K1, "bm25_b": B},
        )
    return indexes


def search_parameters(kind: str, limit: int, *, filtered: bool) -> dict[str, object]:
    """How widely the index looks for ``limit`` rows; behind a filter a graph has to be walked further."""
    times = FURTHER if filtered else 1
    wide = {
        "hnsw": {"ef": times * max(EF, 2 * limit)},
        "ivf": {"nprobe": 96},
        "ivf-sq8": {"nprobe": 96},
        "diskann": {"search_list": times * max(100, 2 * limit)},
    }
    return {"metric_type": METRIC, "params": wide.get(kind, {})}
