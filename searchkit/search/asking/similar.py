"""More like this: the neighbours of what is in the index, or of documents that are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from searchkit.errors import InputError, ShapeError, UnknownNameError
from searchkit.search.asking.choice import Choice, choose, depth_for, settle
from searchkit.search.asking.filtering import allowed_chunks
from searchkit.search.asking.hits import hits_of
from searchkit.search.asking.negatives import away_from
from searchkit.search.asking.pipeline import rankings_of
from searchkit.search.asking.ranking import Found
from searchkit.search.asking.topics import unit_rows
from searchkit.search.context import has_chunk
from searchkit.search.question import Question, SearchOptions, SimilarOptions
from searchkit.types import Document

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.search.backend import Reader, Vectors
    from searchkit.store import StoredSettings
    from searchkit.types import Hit, Ids, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What hits are to be like: rows (N, D), and the ids (M,) of those of them that are in the index."""

    rows: Rows
    own: Ids


def similar_question(k: int, options: SimilarOptions) -> Question:
    """The question that the options make.

    Raises:
        TypeError: an option that only a search with a query has.
    """
    known = SimilarOptions.__annotations__
    unknown = [name for name in options if name not in known]
    if unknown:
        raise TypeError(f"similar() got an unexpected option {unknown[0]!r}; known: {', '.join(known)}")
    return Question.of(k, cast(SearchOptions, options))


def stored_example(reader: Reader, target: int | str) -> Example:
    """A chunk, document or file of the index.

    Raises:
        UnknownNameError: there is none of that name.
    """
    own = chunks_of(reader, target)
    return Example(reader.vectors(own).astype(np.float32), own)


def fresh_example(encoder: Encoder, stored: StoredSettings, documents: Document | Sequence[Document]) -> Example:
    """Documents that are not in the index, cut and encoded as if they were to go into it.

    Raises:
        InputError: there is no text in them, or something is no document.
    """
    from searchkit.chunking import Chunker, ChunkSettings, passage_text
    from searchkit.search.indexing.incoming import storable

    settings = ChunkSettings(max_tokens=stored.chunk_tokens, overlap_tokens=stored.overlap_tokens)
    chunker = Chunker(encoder.tokenizer, settings)
    given = map(storable, _listed(documents))
    passages = [passage_text(document.title, chunk) for document in given for chunk in chunker.chunk(document)]
    if not passages:
        raise InputError("there is no text to find the like of", hint='such as: searchkit similar --text "a passage"')
    return Example(encoder.encode_passages(passages), np.empty(0, np.int64))


def _listed(documents: object) -> list[Document]:
    listed: list[Any] = list(documents) if isinstance(documents, Sequence) else [documents]
    for one in listed:
        if not isinstance(one, Document):
            raise InputError(
                f"nothing can be like {type(one).__name__}; expected a chunk's id, a name in the index, or documents",
                hint="a text that is not in the index is Document('draft', text)",
            )
    return listed


def embedded_example(embedding: Sequence[float] | Rows, dimension: int) -> Example:
    """A vector from outside.

    Raises:
        ShapeError: it is not (D,) finite numbers, or it is all zeros and has no direction.
    """
    try:
        row = np.asarray(embedding, dtype=np.float32)
    except (TypeError, ValueError) as error:  # words, or rows of several lengths
        raise ShapeError(f"the embedding is no vector of numbers: {error}") from error
    if row.shape != (dimension,) or not np.isfinite(row).all() or not row.any():
        found = f"shape {row.shape}" if row.shape != (dimension,) else "no direction"
        raise ShapeError(f"the embedding has {found}; expected ({dimension},) finite numbers, not all zero")
    return Example(row[None, :], np.empty(0, np.int64))


def neighbours_of(
    reader: Reader, snapshot: Vectors, example: Example, question: Question, negatives: Rows | None = None
) -> list[Hit]:
    """The chunks nearest to the mean of the example's rows, without its own.

    Args:
        negatives: (N, D) unit rows of what hits should not be like.
    """
    query = example.rows.mean(axis=0, keepdims=True)
    if negatives is not None:
        query = away_from(unit_rows(query), negatives)
    allowed = allowed_chunks(reader, question)

    def look(depth: int) -> Found:
        (near,) = rankings_of(snapshot.nearest(query, depth + len(example.own), allowed))
        near = near.only(~np.isin(near.ids, example.own)).first(depth)
        return Found({"dense": near}, near)

    def choice_among(found: Found) -> Choice:
        return choose(reader, found.fused.ids, found.fused.scores, question)

    depth = depth_for(question)
    _, choice = settle(look(depth), depth, question, choose=choice_among, look=look)
    return hits_of(reader, choice, context=question.context)


def chunks_of(reader: Reader, target: int | str) -> Ids:
    """The chunk of that id, or those of the document or file of that name."""
    if isinstance(target, str):
        found = reader.chunk_ids_of(target)
    else:
        found = np.array([target] if has_chunk(reader, target) else [], dtype=np.int64)
    if not len(found):
        raise UnknownNameError(
            f"there is no chunk, document or file {target!r}", hint="searchkit ls shows what there is"
        )
    return found
