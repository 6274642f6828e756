"""The constants of choosing hits: the weight of negative examples, lambda of MMR, and the cosine of near duplicates.

    python benchmarks/choosing.py FOLDER ... [--model NAME]

Each folder is a test collection (BEIR's layout or parquet); documents are embedded whole, search is exact and dense.

    --not       Two questions are put into one, and the second is given as the negative: nDCG@10 for what answers the
                first alone (300 pairs, seed 0). And the other side: the best document that is judged not to answer a
                question is given as the negative and left out of the ranking.
    --diverse   nDCG@10 and the mean cosine between the ten hits, MMR over the best 100.
    --fold      How close copies are that were edited in small ways, and the nearest other document of each.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from common import write_result

from searchkit.encoder import load_encoder
from searchkit.evaluation import RetrievalSet, read_retrieval_set
from searchkit.evaluation.collection import passage_of
from searchkit.evaluation.metrics import ndcg
from searchkit.search.asking import negatives
from searchkit.search.asking.diversity import FOLD_COSINE, pick

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.types import Rows

WEIGHTS = (0.0, 0.15, 0.25, 0.35, 0.5, 0.75, 1.0)
LAMBDAS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
PAIRS = 300
POOL = 100
COPIES = 200


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """A collection with its documents (N, D) and questions (Q, D)."""

    collection: RetrievalSet
    documents: Rows
    queries: Rows

    @property
    def doc_ids(self) -> list[str]:
        return [document.doc_id for document in self.collection.documents]

    def ranked(self, query: Rows, count: int) -> list[str]:
        best = np.argsort(-(self.documents @ query), kind="stable")[:count]
        return [self.collection.documents[place].doc_id for place in best]


def embedded(encoder: Encoder, folder: Path) -> Embedded:
    collection = read_retrieval_set(folder)
    documents = encoder.encode_passages([passage_of(document) for document in collection.documents])
    return Embedded(collection, documents, encoder.encode_queries([query.text for query in collection.queries]))


def moved(query: Rows, negative: Rows, weight: float) -> Rows:
    """The query as ``unlike`` moves it, with another weight."""
    kept, negatives.WEIGHT = negatives.WEIGHT, weight
    try:
        return negatives.away_from(query[np.newaxis], negative[np.newaxis])[0]
    finally:
        negatives.WEIGHT = kept


def two_in_one(data: Embedded, encoder: Encoder) -> dict[float, float]:
    draw, queries = random.Random(0), data.collection.queries
    pairs = [tuple(draw.sample(range(len(queries)), 2)) for _ in range(PAIRS)]
    both = encoder.encode_queries([f"{queries[one].text} {queries[other].text}" for one, other in pairs])
    found = {}
    for weight in WEIGHTS:
        values = []
        for (one, other), query in zip(pairs, both, strict=True):
            unwanted = data.collection.qrels[queries[other].query_id]
            wanted = data.collection.qrels[queries[one].query_id].items()
            relevance = {doc_id: grade for doc_id, grade in wanted if unwanted.get(doc_id, 0) <= 0}
            values.append(ndcg(data.ranked(moved(query, data.queries[other], weight), 10), relevance, 10))
        found[weight] = 100 * float(np.mean(values))
    return found


def wrong_hit(data: Embedded) -> dict[float, float]:
    places = {doc_id: place for place, doc_id in enumerate(data.doc_ids)}
    found: dict[float, list[float]] = {weight: [] for weight in WEIGHTS}
    for asked, query in zip(data.collection.queries, data.queries, strict=True):
        relevance = data.collection.qrels[asked.query_id]
        wrong = next(doc_id for doc_id in data.ranked(query, len(places)) if relevance.get(doc_id, 0) <= 0)
        for weight, values in found.items():
            ranked = data.ranked(moved(query, data.documents[places[wrong]], weight), 11)
            values.append(ndcg([doc_id for doc_id in ranked if doc_id != wrong], relevance, 10))
    return {weight: 100 * float(np.mean(values)) for weight, values in found.items()}


def diverse(data: Embedded) -> dict[float, tuple[float, float]]:
    found = {}
    for weight in LAMBDAS:
        values, alike = [], []
        for asked, query in zip(data.collection.queries, data.queries, strict=True):
            scores = data.documents @ query
            pool = np.argsort(-scores, kind="stable")[:POOL]
            picks = pick(scores[pool].astype(np.float64), 10, rows=data.documents[pool], diverse=weight)
            hits = pool[[one.position for one in picks]]
            values.append(ndcg([data.doc_ids[place] for place in hits], data.collection.qrels[asked.query_id], 10))
            cosines = data.documents[hits] @ data.documents[hits].T
            alike.append(float(cosines[np.triu_indices(len(hits), 1)].mean()))
        found[weight] = 100 * float(np.mean(values)), float(np.mean(alike))
    return found


def edits(draw: random.Random) -> dict[str, Callable[[str], str]]:
    """Small changes that leave a text the same to a reader."""

    def one_word(text: str) -> str:
        words = text.split(" ")
        words[draw.randrange(len(words))] = "1987"
        return " ".join(words)

    def three_typos(text: str) -> str:
        words = text.split(" ")
        for _ in range(3):
            place = draw.randrange(len(words))
            words[place] = words[place][1:2] + words[place][:1] + words[place][2:]
        return " ".join(words)

    def without_a_sentence(text: str) -> str:
        sentences = text.split(". ")
        if len(sentences) > 2:
            del sentences[draw.randrange(len(sentences))]
        return ". ".join(sentences)

    return {
        "one word is another": one_word,
        "three typos": three_typos,
        "a sentence less": without_a_sentence,
        "a notice before it": lambda text: f"Updated 2024-05-01. Draft version. {text}",
    }


def copies(data: Embedded, encoder: Encoder) -> Iterator[tuple[str, Sequence[float]]]:
    """For each kind of edit the cosines of documents and their edited copies; last, those of the nearest others."""
    draw = random.Random(0)
    long = [place for place, document in enumerate(data.collection.documents) if len(document.text.split()) > 40]
    places = draw.sample(long, min(COPIES, len(long)))
    texts = [passage_of(data.collection.documents[place]) for place in places]
    for name, edit in edits(draw).items():
        rows = encoder.encode_passages([edit(text) for text in texts])
        yield name, (rows * data.documents[places]).sum(axis=1).tolist()
    cosines = data.documents @ data.documents.T
    np.fill_diagonal(cosines, -1)
    yield "the nearest other document", cosines.max(axis=1).tolist()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n"


def by_weight(found: Mapping[str, Mapping[float, float]]) -> str:
    rows = [[name, *(f"{value:.1f}" for value in values.values())] for name, values in found.items()]
    return table(["collection", *(f"{weight:g}" for weight in WEIGHTS)], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--model")
    given = parser.parse_args()
    encoder = load_encoder(given.model)
    sets = [embedded(encoder, folder) for folder in given.folders]
    name = {id(data): data.collection.name for data in sets}
    text = f"Encoder {encoder.name}; nDCG@10 x 100.\n\n## Weight of negative examples\n\n"
    text += "Two questions in one, the second as the negative:\n\n"
    text += by_weight({name[id(data)]: two_in_one(data, encoder) for data in sets})
    text += "The best wrong hit as the negative:\n\n" + by_weight({name[id(data)]: wrong_hit(data) for data in sets})
    text += "## Lambda of MMR\n\nnDCG@10 (mean cosine between the ten hits):\n\n"
    rows = [[name[id(data)], *(f"{v:.1f} ({c:.2f})" for v, c in diverse(data).values())] for data in sets]
    text += table(["collection", *(f"{weight:g}" for weight in LAMBDAS)], rows)
    text += f"## Near duplicates\n\nShare of pairs from {FOLD_COSINE:g} on, and percentiles of cosines:\n\n"
    rows = [
        [name[id(data)], kind, f"{np.mean(np.array(values) >= FOLD_COSINE):.1%}"]
        + [f"{value:.3f}" for value in np.percentile(values, [1, 10, 50, 90, 99])]
        for data in sets
        for kind, values in copies(data, encoder)
    ]
    text += table(["collection", "pair", "fold", "1 %", "10 %", "50 %", "90 %", "99 %"], rows)
    write_result("choosing", "The constants of choosing hits", text, "onnxruntime", "numpy")


if __name__ == "__main__":
    main()
