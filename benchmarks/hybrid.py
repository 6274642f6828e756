"""Hybrid search beside its two parts, on every visible collection, with the fusions and weights that there are.

    python benchmarks/hybrid.py [--data FOLDER] [--encoder NAME] [--cache FOLDER] [--only cacm med]

What is measured is `SearchEngine.search` with ten hits a query, as it ships: each document is added with its title and
text, cut into chunks of at most the encoder's limit, and stands at its best chunk. Of a collection with more than 1,000
queries a fixed sample of 1,000 is asked. The setting is judged by leaving one collection out: what is best on the
others is measured on it. Nothing is trained. With --cache the indexes are kept, and a second run encodes queries alone.

Test collections are one kind of question. Two others are made here from pairs of texts: *pairs*, where the query is one
text of a pair and its other text is to be found, often in other words; and *names*, where the query is an identifier
that at most three documents have. The encoder has seen some of these pairs in training, which flatters the dense part:
they are here to show what a fusion spoils, and do not count for the mean.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from common import RESULTS, ROOT, write_result

from searchkit import Document, SearchEngine
from searchkit.encoder import load_encoder
from searchkit.evaluation import (
    Query,
    RetrievalSet,
    engine_run,
    evaluate_run,
    paired_bootstrap,
    read_retrieval_set,
    retrieval_set,
)
from searchkit.search.asking import pipeline
from searchkit.search.asking.fusion import convex_combination
from searchkit.search.asking.ranking import Ranking
from searchkit.search.question import Question

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.encoder import Encoder
    from searchkit.search.question import SearchOptions

MOST_QUERIES = 1_000
PARTS: Mapping[str, SearchOptions] = {"dense": {"mode": "dense"}, "lexical": {"mode": "lexical"}}
FUSIONS: Mapping[str, SearchOptions] = {
    f"{fusion} {weight:g}": {"fusion": fusion, "dense_weight": weight}
    for fusion, weights in (("rrf", (0.5, 0.6, 0.7)), ("convex", (0.3, 0.4, 0.5, 0.6, 0.7)))
    for weight in weights
}
BY_THE_BEST = (0.75, 0.8, 0.85, 0.9)  # dense weights of TM2C2
PAIRS = ("captions", "docs_sections", "medquad", "nl2bash", "wordnet_gloss")
WITH_NAMES = ("docs_sections", "nl2bash")
MADE_DOCUMENTS, MADE_QUERIES = 1_500, 200
NAME = re.compile(r"(?<!\w)(?:--?[a-z]+(?:-[a-z]+)+|[A-Za-z]+_[A-Za-z_]+|[A-Z]?[a-z]+[A-Z]\w+|[A-Za-z]+\d+\w*)(?!\w)")
OTHERS = tuple(f"tm2c2 {weight:g}" for weight in BY_THE_BEST)


@dataclass(frozen=True, slots=True)
class Measured:
    """The nDCG@10 (Q,) of every setting on one collection."""

    collection: str
    values: Mapping[str, NDArray[np.float64]]

    def mean(self, setting: str) -> float:
        return 100 * float(self.values[setting].mean())

    @property
    def better_part(self) -> str:
        return max(PARTS, key=self.mean)

    def gain(self, setting: str) -> float:
        """What a setting adds to the better of the two parts on this collection, as a share."""
        return self.mean(setting) / self.mean(self.better_part) - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--encoder", default=None, help="name or folder; default: the bundled one")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--only", nargs="*", help="collections; default: all")
    options = parser.parse_args()
    names = [folder.name.removeprefix("ir_") for folder in sorted(options.data.glob("ir_*"))]
    encoder = load_encoder(options.encoder)
    with tempfile.TemporaryDirectory() as scratch:
        cache = options.cache or Path(scratch)
        judged = (sampled(read_retrieval_set(options.data / f"ir_{name}")) for name in options.only or names)
        measured = [measure(collection, encoder, cache) for collection in judged]
        made = [] if options.only else [measure(one, encoder, cache) for one in made_collections(options.data)]
    default = Question()
    ours = f"{default.fusion.value} {default.dense_weight:g}"
    parts = [
        explained(encoder, ours),
        table("Test collections", measured, ours),
        left_out(measured),
        intervals(measured, ours),
        table("Pairs and names", made, ours),
    ]
    write_result("hybrid", "Hybrid search beside its two parts", "\n\n".join(parts), "onnxruntime", "numpy")
    figures = {one.collection: {setting: one.mean(setting) for setting in one.values} for one in measured + made}
    facts = {"encoder": encoder.name, "default": ours, "nDCG@10": figures}
    (RESULTS / "hybrid.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def measure(collection: RetrievalSet, encoder: Encoder, cache: Path) -> Measured:
    def ndcg(setting: str, how: SearchOptions) -> NDArray[np.float64]:
        run = engine_run(engine, collection, name=setting, k=10, **how)
        return evaluate_run(run, collection, ["nDCG@10"]).values["nDCG@10"]

    with index_of(collection, encoder, cache) as engine:
        values = {setting: ndcg(setting, how) for setting, how in (PARTS | FUSIONS).items()}
        with by_the_best():
            values |= {f"tm2c2 {weight:g}": ndcg("tm2c2", {"dense_weight": weight}) for weight in BY_THE_BEST}
    one = Measured(collection.name.removeprefix("ir_"), values)
    print(one.collection, {setting: round(one.mean(setting), 2) for setting in values}, flush=True)
    return one


@contextmanager
def by_the_best() -> Iterator[None]:
    """While it lasts, each score is divided by the best of the query: the TM2C2 of Bruch, Gai, Ingber 2023."""

    def tm2c2(parts: Mapping[str, Ranking], weights: Mapping[str, float]) -> Ranking:
        least = {"dense": -1.0, "lexical": 0.0}
        return convex_combination({name: scaled(part, least[name]) for name, part in parts.items()}, weights)

    def scaled(part: Ranking, least: float) -> Ranking:
        reach = float(part.scores.max(initial=least)) - least
        return Ranking(part.ids, (part.scores - least) / reach if reach else np.zeros(len(part)))

    pipeline.convex_combination = tm2c2  # type: ignore[assignment]
    try:
        yield
    finally:
        pipeline.convex_combination = convex_combination


def made_collections(data: Path) -> Iterator[RetrievalSet]:
    for source in PAIRS:
        found = pairs(data / source / "pairs.parquet")
        documents = [Document(str(number), text) for number, (_, text) in enumerate(found)]
        asked = random.Random(2).sample(range(len(found)), MADE_QUERIES)
        queries = [Query(f"q{number}", found[number][0]) for number in asked]
        yield retrieval_set(f"{source} pairs", documents, queries, {f"q{n}": {str(n): 1} for n in asked})
        if source in WITH_NAMES:
            yield named(source, documents)


def pairs(path: Path) -> list[tuple[str, str]]:
    import pyarrow.parquet as parquet

    rows = parquet.read_table(path, columns=["text_a", "text_b"]).to_pylist()
    random.Random(1).shuffle(rows)
    unique = {row["text_b"][:600]: row["text_a"] for row in rows}
    return list({query: text for text, query in unique.items()}.items())[:MADE_DOCUMENTS]


def named(source: str, documents: Sequence[Document]) -> RetrievalSet:
    holders: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        for name in NAME.findall(document.text):
            holders[name].add(document.doc_id)
    rare = sorted(name for name, ids in holders.items() if len(ids) <= 3 and len(name) > 4)
    random.Random(4).shuffle(rare)
    queries = [Query(f"q{number}", name) for number, name in enumerate(rare[:MADE_QUERIES])]
    return retrieval_set(
        f"{source} names", documents, queries, {q.query_id: dict.fromkeys(holders[q.text], 1) for q in queries}
    )


def sampled(collection: RetrievalSet) -> RetrievalSet:
    if len(collection.queries) <= MOST_QUERIES:
        return collection
    return replace(collection, queries=tuple(random.Random(0).sample(collection.queries, MOST_QUERIES)))


def index_of(collection: RetrievalSet, encoder: Encoder, cache: Path) -> SearchEngine:
    """The index of a collection, filled where it is not yet."""
    folder = cache / f"{encoder.fingerprint[:16]}-{collection.name.removesuffix(' names').replace(' ', '-')}"
    is_new = not folder.exists()
    engine = SearchEngine.open_or_create(folder, encoder=encoder)
    engine.add(collection.documents if is_new else [])  # adding nothing brings an older index up to date
    return engine


def explained(encoder: Encoder, ours: str) -> str:
    return (
        f"nDCG@10 x 100 of the engine with {encoder.name}. The default is {ours}: how the two parts are fused, and the "
        "share of the dense part. In brackets: against the better of the two parts on that collection; of the mean, "
        "against the better mean. `convex` divides a cosine by 1 and BM25 by what no chunk can reach; `tm2c2`, which "
        "is not in the engine, divides both by the best score of the query."
    )


def table(title: str, measured: Sequence[Measured], ours: str) -> str:
    if not measured:
        return ""
    names = [one.collection for one in measured]
    lines = [f"| setting | {' | '.join(names)} | mean | worst |", f"|{'---|' * (len(names) + 3)}"]
    better = max(float(np.mean([one.mean(part) for one in measured])) for part in PARTS)
    for setting in measured[0].values:
        cells = [f"{one.mean(setting):.2f} ({100 * one.gain(setting):+.1f} %)" for one in measured]
        mean = float(np.mean([one.mean(setting) for one in measured]))
        worst = min(100 * one.gain(setting) for one in measured)
        label = f"**{setting}**" if setting == ours else setting
        lines.append(
            f"| {label} | {' | '.join(cells)} | {mean:.2f} ({100 * (mean / better - 1):+.1f} %) | {worst:+.1f} % |"
        )
    return f"## {title}\n\n" + "\n".join(lines)


def left_out(measured: Sequence[Measured]) -> str:
    """For each collection the setting that gains most on the others, and what it gains on this one."""
    lines = ["| left out | best on the others | gains on it |", "|---|---|---|"]
    gains = []
    for one in measured if len(measured) > 1 else []:
        others = [other for other in measured if other is not one]
        best = max((*FUSIONS, *OTHERS), key=lambda setting: float(np.mean([other.gain(setting) for other in others])))
        gains.append(one.gain(best))
        lines.append(f"| {one.collection} | {best} | {100 * gains[-1]:+.1f} % |")
    note = f"On average {100 * float(np.mean(gains)):+.1f} %." if gains else ""
    return "## Chosen on the other collections\n\n" + "\n".join(lines) + f"\n\n{note}"


def intervals(measured: Sequence[Measured], ours: str) -> str:
    lines = ["| collection | queries | against dense | against lexical |", "|---|---|---|---|"]
    for one in measured:
        cells = [interval(one.values[part], one.values[ours]) for part in PARTS]
        lines.append(f"| {one.collection} | {len(one.values[ours])} | {' | '.join(cells)} |")
    return "## The default, with 95 % intervals of a paired bootstrap over the queries\n\n" + "\n".join(lines)


def interval(before: NDArray[np.float64], after: NDArray[np.float64]) -> str:
    found = paired_bootstrap(before, after)
    return f"{100 * found.difference:+.2f} ({100 * found.low:+.2f} to {100 * found.high:+.2f})"


if __name__ == "__main__":
    main()
