"""An index -> its topics: groups of chunks with names."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import InputError
from searchkit.insight.code_words import telling_text
from searchkit.insight.grouping import Grouping, group_rows
from searchkit.insight.kmeans import sums_of
from searchkit.insight.labels import label_of, topic_phrases
from searchkit.insight.model import NO_TOPIC, Tell, Topic, Topics
from searchkit.insight.passages import passage_of
from searchkit.insight.phrases import PhraseCounts
from searchkit.insight.ward import Merge, ward_tree
from searchkit.search.asking.topics import unit_rows
from searchkit.store.topics import KeptTopic, KeptTopics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.insight.model import Passage
    from searchkit.search import SearchEngine
    from searchkit.search.corpus import Corpus
    from searchkit.store import ChunkRow
    from searchkit.types import Rows

READ_FOR_LABELS = 256  # chunks of a topic, the most central first; more change no label and take time
CENTRAL = 3


def find_topics(
    engine: SearchEngine,
    *,
    number: int | None = None,
    method: str = "kmeans",
    least_size: int | None = None,
    seed: int = 0,
    tell: Tell = lambda _: None,
) -> Topics:
    """The topics of all chunks of an index. The same chunks give the same topics, in whatever order they were added.

    Args:
        engine: an open index.
        number: of topics. None: the most that lie clear (see `number.clearest`). With ``density`` the
            most that are wanted: groups beyond are joined.
        method: ``kmeans``, every chunk in the topic whose centre is nearest, less the outliers of each; or
            ``density``, HDBSCAN, which leaves more chunks outside (needs scikit-learn).
        least_size: with ``density``, chunks of the smallest topic, at least 2; None: the cube root of all.
        seed: of k-means.
        tell: called with a word on each stage.

    Raises:
        InputError: an index without chunks, an unknown method, more topics than different chunks, or a smallest
            topic of less than two.
        MissingExtraError: ``density`` without scikit-learn.
    """
    with engine.corpus() as corpus:
        rows = rows_of(corpus)
        tell(f"grouping {len(rows):,} chunks")
        grouping = group_rows(rows, number=number, method=method, least_size=least_size, seed=seed)
        tell(f"naming {len(grouping.centres):,} topics")
        return _named(corpus, rows, grouping, method)


def keep_topics(engine: SearchEngine, topics: Topics) -> None:
    """Keep topics in the index, so that a search can be limited to one and newer chunks join the nearest."""
    engine.keep_topics(
        KeptTopics(
            topics=tuple(
                KeptTopic(topic.number, topic.label, topic.phrases, float(least), centre)
                for topic, least, centre in zip(topics.topics, topics.least, topics.centres, strict=True)
            ),
            fingerprint=topics.fingerprint,
            method=topics.method,
            merges=tuple((merge.left, merge.right, merge.cost) for merge in topics.tree),
            found=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        ),
        topics.ids,
        topics.members,
    )


def read_topics(engine: SearchEngine) -> Topics | None:
    """The topics that were kept, with newer chunks in the nearest; None where there are none of this encoder."""
    with engine.corpus() as corpus:
        kept = corpus.topics()
        if kept is None:
            return None
        return topics_kept_in(corpus, kept, rows_of(corpus))


def topics_kept_in(corpus: Corpus, kept: KeptTopics, rows: Rows) -> Topics:
    """Kept topics as `find_topics` gives them; ``rows`` are those of the corpus."""
    members = corpus.topic_numbers(kept)
    centres = np.array([topic.centre for topic in kept.topics], np.float32).reshape(-1, rows.shape[1])
    central = [_central(corpus, rows, members, centres, topic.number, CENTRAL) for topic in kept.topics]
    sizes = np.bincount(members, minlength=len(centres) + 1)
    return Topics(
        topics=tuple(
            Topic(topic.number, topic.label, topic.phrases, int(sizes[topic.number]), _passages(*found))
            for topic, found in zip(kept.topics, central, strict=True)
        ),
        ids=corpus.layout.ids,
        members=members,
        centres=centres,
        least=np.array([topic.least for topic in kept.topics], np.float32),
        tree=tuple(Merge(*merge) for merge in kept.merges),
        method=kept.method,
        tried=(),
        fingerprint=kept.fingerprint,
    )


def rows_of(corpus: Corpus) -> Rows:
    """(N, D) float32 unit rows of all chunks.

    Raises:
        InputError: there is none.
    """
    if not len(corpus.layout.ids):
        raise InputError("the index holds no chunks", hint="index something first: searchkit index FOLDER")
    return unit_rows(corpus.vectors())


def _named(corpus: Corpus, rows: Rows, grouping: Grouping, method: str) -> Topics:
    members, centres = grouping.members, grouping.centres
    counter, counts, central = PhraseCounts(), [], []
    for number in range(1, len(centres) + 1):
        chunks, cosines = _central(corpus, rows, members, centres, number, READ_FOR_LABELS)
        counts.append(counter.count(map(telling_text, chunks)))
        central.append(_passages(chunks, cosines))
    sizes = np.bincount(members, minlength=len(centres) + 1)[1:]
    named = zip(topic_phrases(counts, counter), sizes.tolist(), central, strict=True)
    return Topics(
        topics=tuple(
            Topic(number, label_of(phrases) or f"topic {number}", phrases, size, passages)
            for number, (phrases, size, passages) in enumerate(named, start=1)
        ),
        ids=corpus.layout.ids,
        members=members,
        centres=centres,
        least=grouping.least,
        tree=_tree(rows, members, sizes),
        method=method,
        tried=grouping.tried,
        fingerprint=corpus.settings.fingerprint,
    )


def _central(
    corpus: Corpus, rows: Rows, members: NDArray[np.int64], centres: Rows, number: int, most: int
) -> tuple[list[ChunkRow], list[float]]:
    """The chunks nearest to the centre of a topic, and their cosines with it."""
    own = np.flatnonzero(members == number)
    cosines = rows[own] @ centres[number - 1]
    best = np.argsort(-cosines, kind="stable")[:most]
    return corpus.chunks(corpus.layout.ids[own[best]]), cosines[best].tolist()


def _passages(chunks: list[ChunkRow], cosines: list[float]) -> tuple[Passage, ...]:
    return tuple(map(passage_of, chunks[:CENTRAL], cosines[:CENTRAL]))


def _tree(rows: Rows, members: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[Merge, ...]:
    if not len(sizes):
        return ()
    inside = members != NO_TOPIC
    sums = sums_of(rows[inside], members[inside] - 1, len(sizes))
    return ward_tree(sums / sizes[:, np.newaxis], sizes.astype(np.float64))
