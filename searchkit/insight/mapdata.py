"""An index -> what a map of it shows: a place, a topic and a few words for every chunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.insight.model import NO_TOPIC, Tell, Topics
from searchkit.insight.passages import snippet_of
from searchkit.insight.projection import project, projection_of
from searchkit.insight.topics import find_topics, read_topics, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.search import SearchEngine
    from searchkit.search.corpus import Corpus
    from searchkit.store import ChunkRow
    from searchkit.types import Ids

TITLE_LENGTH, SNIPPET_LENGTH = 120, 180  # characters shown of each chunk
_BLOCK = 4096


@dataclass(frozen=True, eq=False, slots=True)
class MapTopic:
    """A topic on the map; ``at`` is where its name stands, None for one without chunks."""

    label: str
    size: int
    at: tuple[float, ...] | None


@dataclass(frozen=True, eq=False, slots=True)
class MapData:
    """Everything that is drawn of N chunks.

    Attributes:
        name: of the index.
        projection: what placed them.
        ids: (N,) of the chunks.
        places: (N, 2) or (N, 3) float32.
        topics: K of them.
        members: (N,) the number of each chunk's topic, from 1; 0 for none.
        titles, snippets: one line each.
        files: the files, or the names of documents without one.
        is_file: (F,) which of them are files.
        file: (N,) where in ``files`` each chunk's is.
        lines: (N,) from 1; the page below 0; 0 where there is neither.
    """

    name: str
    projection: str
    ids: Ids
    places: NDArray[np.float32]
    topics: tuple[MapTopic, ...]
    members: NDArray[np.int64]
    titles: tuple[str, ...]
    snippets: tuple[str, ...]
    files: tuple[str, ...]
    is_file: NDArray[np.bool_]
    file: NDArray[np.int64]
    lines: NDArray[np.int64]


def map_of(
    engine: SearchEngine,
    *,
    dimensions: int = 2,
    method: str | None = None,
    topics: Topics | None = None,
    seed: int = 0,
    tell: Tell = lambda _: None,
) -> MapData:
    """The map of all chunks of an index.

    Args:
        dimensions: 2 or 3.
        method: of the projection, see `projection.project`.
        topics: what colours the chunks; None: those kept in the index, or found now where there are none.
        seed: of the projection, and of k-means where topics are found.
        tell: called with a word on each stage.

    Raises:
        InputError: an index without chunks; dimensions or a method that there are not.
        MissingExtraError: ``tsne`` without openTSNE.
    """
    topics = topics or read_topics(engine) or find_topics(engine, seed=seed, tell=tell)
    with engine.corpus() as corpus:
        rows = rows_of(corpus)
        ids = corpus.layout.ids
        places = project(rows, dimensions, method=method, seed=seed, tell=tell)
        tell("reading the texts")
        members = _members(topics, ids)
        texts = list(_texts(corpus))
    names: dict[str, int] = {}
    file = np.array([names.setdefault(text.file, len(names)) for text in texts], np.int64)
    return MapData(
        name=engine.folder.name,
        projection=projection_of(len(rows), dimensions, method),
        ids=ids,
        places=places,
        topics=tuple(
            MapTopic(topic.label, int((members == topic.number).sum()), _middle(places[members == topic.number]))
            for topic in topics.topics
        ),
        members=members,
        titles=tuple(text.title for text in texts),
        snippets=tuple(text.snippet for text in texts),
        files=tuple(names),
        is_file=np.array([text.is_file for text in texts])[np.unique(file, return_index=True)[1]],
        file=file,
        lines=np.array([text.line for text in texts], np.int64),
    )


@dataclass(frozen=True, slots=True)
class _Text:
    title: str
    snippet: str
    file: str
    is_file: bool
    line: int


def _texts(corpus: Corpus) -> Iterator[_Text]:
    ids = corpus.layout.ids
    for first in range(0, len(ids), _BLOCK):
        yield from map(_text, corpus.chunks(ids[first : first + _BLOCK]))


def _text(chunk: ChunkRow) -> _Text:
    headings = list(dict.fromkeys(filter(None, (chunk.title, *chunk.heading_path[-1:]))))
    line = chunk.line_start if chunk.lines_are_source else -(chunk.page or 0)
    return _Text(
        title=_shortened(" \u203a ".join(headings), TITLE_LENGTH),
        snippet=_shortened(snippet_of(chunk), SNIPPET_LENGTH),
        file=chunk.doc_id if chunk.path is None else chunk.path,
        is_file=chunk.path is not None,
        line=0 if chunk.path is None else line,
    )


def _shortened(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}\u2026"


def _members(topics: Topics, ids: Ids) -> NDArray[np.int64]:
    """(N,) the topic of each chunk; 0 for one that came after the topics were found."""
    order = np.argsort(topics.ids)
    places = np.minimum(np.searchsorted(topics.ids[order], ids), len(order) - 1)
    known = topics.ids[order][places] == ids
    return np.where(known, topics.members[order][places], NO_TOPIC)


def _middle(places: NDArray[np.float32]) -> tuple[float, ...] | None:
    """Where most of them are: the median of the half that is nearest to the median of all."""
    if not len(places):
        return None
    away = ((places - np.median(places, axis=0)) ** 2).sum(axis=1)
    inner = places[away <= np.median(away)]
    return tuple(np.median(inner, axis=0).tolist())
