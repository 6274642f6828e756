"""A test collection: documents, queries and judgements (qrels).

A folder holds ``corpus``, ``queries`` and ``qrels``, either as BEIR lays them out or as parquet::

    corpus.jsonl    _id, title, text              corpus.parquet    doc_id, title, text
    queries.jsonl   _id, text                     queries.parquet   query_id, text
    qrels/test.tsv  query-id, corpus-id, score    qrels.parquet     query_id, doc_id, relevance

The title may be missing. Thakur et al. 2021, "BEIR", https://arxiv.org/abs/2104.08663
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from searchkit.errors import EvaluationError
from searchkit.evaluation.metrics import Relevance
from searchkit.evaluation.records import Record, number, read_records, require_columns, some_names, text
from searchkit.types import Document


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked."""

    query_id: str
    text: str


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """A test collection.

    Attributes:
        documents: the corpus in its own order; equal scores rank in this order.
        queries: those with at least one relevant document. The others cannot tell systems apart.
        qrels: for each of these queries the judged documents and their grades.
        unjudged: how many queries were left out for having no relevant document.
    """

    name: str
    documents: tuple[Document, ...]
    queries: tuple[Query, ...]
    qrels: Mapping[str, Relevance]
    unjudged: int = 0


def passage_of(document: Document) -> str:
    """What is embedded for a document of a test collection: ``title``, newline, ``text``, whatever the encoder.

    The same form as `searchkit.chunking.passage_text` gives a chunk without headings. A document longer than
    the encoder's limit is cut by the encoder.
    """
    return "\n".join(filter(None, (document.title.strip(), document.text)))


def retrieval_set(
    name: str, documents: Iterable[Document], queries: Iterable[Query], qrels: Mapping[str, Relevance]
) -> RetrievalSet:
    """A test collection whose parts fit together.

    Raises:
        EvaluationError: an id occurs twice, a judgement names an unknown query or document, or no query has a
            relevant document.
    """
    documents, queries = tuple(documents), tuple(queries)
    doc_ids = _unique(name, "document", (document.doc_id for document in documents))
    query_ids = _unique(name, "query", (query.query_id for query in queries))
    judged = dict.fromkeys(doc_id for relevance in qrels.values() for doc_id in relevance)
    _require_known(name, "queries", qrels, query_ids)
    _require_known(name, "documents", judged, doc_ids)
    answerable = tuple(q for q in queries if any(grade > 0 for grade in qrels.get(q.query_id, {}).values()))
    if not answerable:
        raise EvaluationError(f"{name}: none of the {len(queries)} queries has a relevant document")
    kept = {query.query_id: qrels[query.query_id] for query in answerable}
    return RetrievalSet(name, documents, answerable, kept, len(queries) - len(answerable))


def read_retrieval_set(folder: Path, *, split: str = "test") -> RetrievalSet:
    """Read a test collection from a folder of either layout.

    Args:
        folder: its name becomes the name of the set.
        split: which judgements of a BEIR folder: ``qrels/<split>.tsv``.

    Raises:
        EvaluationError: a file is missing or damaged, or ids do not fit together.
        MissingExtraError: parquet without pyarrow.
    """
    corpus = _file(folder, "corpus.jsonl", "corpus.parquet")
    queries = _file(folder, "queries.jsonl", "queries.parquet")
    judgements = _file(folder, f"qrels/{split}.tsv", "qrels.parquet", "qrels.tsv")
    documents = [
        Document(_id(corpus, row, "doc_id"), str(row.get("text") or ""), title=str(row.get("title") or ""))
        for row in _records(corpus, "text")
    ]
    asked = [Query(_id(queries, row, "query_id"), str(row.get("text") or "")) for row in _records(queries, "text")]
    return retrieval_set(folder.resolve().name, documents, asked, _read_qrels(judgements))


def require_documents(collection: RetrievalSet, is_indexed: Callable[[str], bool]) -> None:
    """Raise `EvaluationError` naming the judged documents that an index lacks, lest it score zero for them.

    Args:
        collection: the judged queries and documents.
        is_indexed: whether the index holds a ``doc_id``.
    """
    judged = dict.fromkeys(doc_id for relevance in collection.qrels.values() for doc_id in relevance)
    missing = [doc_id for doc_id in judged if not is_indexed(doc_id)]
    if missing:
        raise EvaluationError(
            f"{len(missing)} of the {len(judged)} judged documents of {collection.name} are not in the index:"
            f" {some_names(missing)}",
            hint="index the corpus of this collection first, under the same ids",
        )


def _file(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise EvaluationError(f"{folder} has no {' or '.join(names)}", hint="give a BEIR folder or one of parquet files")


def _records(path: Path, *columns: str) -> list[Record]:
    records = read_records(path)
    require_columns(path, records, columns)
    return records


def _id(path: Path, row: Record, name: str) -> str:
    found = row.get(name, row.get("_id"))
    if found is None or str(found) == "":
        raise EvaluationError(f"{path} has a record without {name} or _id: {some_names(list(map(str, row.values())))}")
    return str(found)


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    records = read_records(path)
    columns = ("query_id", "doc_id", "relevance")
    if records and "query-id" in records[0]:
        columns = ("query-id", "corpus-id", "score")
    require_columns(path, records, columns)
    qrels: dict[str, dict[str, int]] = {}
    for row in records:
        grade = number(path, row, columns[2])
        qrels.setdefault(text(path, row, columns[0]), {})[text(path, row, columns[1])] = int(grade)
    return qrels


def _unique(name: str, what: str, ids: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for one in ids:
        if one in seen:
            twice[one] = None
        seen.add(one)
    if twice:
        raise EvaluationError(f"{name}: {len(twice)} {what} ids occur twice: {some_names(twice)}")
    return seen


def _require_known(name: str, what: str, judged: Iterable[str], known: set[str]) -> None:
    missing = [one for one in judged if one not in known]
    if missing:
        raise EvaluationError(
            f"{name}: the judgements name {len(missing)} {what} that it does not have: {some_names(missing)}",
            hint="take corpus, queries and qrels of one version",
        )
