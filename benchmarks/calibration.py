"""How often a search that may abstain answers questions that are not about its index, and how many of its own.

    python benchmarks/calibration.py [--data FOLDER] [--cache FOLDER]

Five test collections are indexed with the bundled encoder. Each index is asked the queries of the four others, which
it ought not to answer, and its own, which it ought to. CACM (computing), CISI (information science) and NPL
(electronics and computers) are about neighbouring fields, and many of their queries can in truth be answered by the
others: they are counted apart. `--cache` keeps the indexes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from common import ROOT, write_result
from scipy.stats import beta, norm

from searchkit import SearchEngine
from searchkit.encoder import load_encoder
from searchkit.evaluation import read_retrieval_set
from searchkit.search.asking.calibration import SHARES, calibrate
from searchkit.store import StoreReader

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Rows

    Answered: TypeAlias = Mapping[str, NDArray[np.bool_]]  # by query set, (Q,) whether each was answered
    Threshold: TypeAlias = Callable[[float], float]  # rate -> the cosine that the best chunk has to exceed

SETS = ("cacm", "cisi", "med", "npl", "time")
NEIGHBOURS = frozenset({"cacm", "cisi", "npl"})
KINDS = ("unrelated", "neighbouring", "own")
RATES = (0.05, 0.2)
SAMPLES = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    collections = {name: read_retrieval_set(options.data / f"ir_{name}") for name in SETS}
    queries = {name: [query.text for query in one.queries] for name, one in collections.items()}
    answers: dict[float, dict[str, Answered]] = {rate: {} for rate in RATES}
    ways: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in SETS:
            folder = (options.cache or Path(scratch)) / name
            with SearchEngine.open_or_create(folder) as engine:
                if not folder.exists():
                    engine.add(collections[name].documents)
                for rate in RATES:
                    answers[rate][name] = {other: answered(engine, texts, rate) for other, texts in queries.items()}
            for way, shares in other_ways(folder, queries, name).items():
                ways.setdefault(way, []).append(shares)
            print(name, "done", flush=True)
    text = "\n\n".join((by_index(answers), together(answers), compared(ways), NOTES))
    write_result("calibration", "Answering that nothing is close", text, "onnxruntime", "numpy")


def answered(engine: SearchEngine, queries: Sequence[str], rate: float) -> NDArray[np.bool_]:
    return np.array([not answer.nothing_close for answer in engine.ask_many(queries, 1, abstain=rate)])


def kind_of(index: str, queries: str) -> str:
    if index == queries:
        return "own"
    return "neighbouring" if {index, queries} <= NEIGHBOURS else "unrelated"


def of_kind(index: str, found: Answered, kind: str) -> NDArray[np.bool_]:
    """The queries of one kind that an index was asked."""
    return np.concatenate([np.empty(0, bool), *(f for name, f in found.items() if kind_of(index, name) == kind)])


# --- other ways to settle the cosine that is needed


def conformal(off_topic: Sequence[float], rate: float) -> float:
    """The cosine that the best chunk has to exceed, lest a search at that rate abstain; `off_topic` ascends."""
    allowed = int(rate * (1 + len(off_topic)) + 1e-9) - 1
    return off_topic[len(off_topic) - 1 - allowed] if allowed >= 0 else 1.0


def other_ways(folder: Path, queries: Mapping[str, Sequence[str]], name: str) -> dict[str, list[float]]:
    """For each way, and each rate in turn, the share of unrelated and of own queries that it would answer."""
    encoder, reader = load_encoder(), StoreReader(folder / "searchkit.db")
    with reader.snapshot():
        calibration = calibrate(reader, encoder)
        ids = reader.allowed_ids(None, None)
        rows, documents = reader.vectors(ids).astype(np.float32), reader.document_numbers(ids)
    reader.close()
    assert calibration is not None
    best = {other: (encoder.encode_queries(texts) @ rows.T).max(axis=1) for other, texts in queries.items()}
    ways: dict[str, Threshold] = {
        "everyday questions, conformal (built in)": partial(conformal, calibration.off_topic),
        "everyday questions, normal null by median and lower quartile": robust_normal(calibration.off_topic),
        "random pairs, normal, the best of N independent ones": best_of_independent(calibration.background, len(rows)),
        "the index's own passages, against all other documents": own_passages(rows, documents),
    }
    return {
        way: [
            float(of_kind(name, {other: found > needed(rate) for other, found in best.items()}, kind).mean())
            for rate in RATES
            for kind in ("unrelated", "own")
        ]
        for way, needed in ways.items()
    }


def robust_normal(values: Sequence[float]) -> Threshold:
    """Efron 2004, "Large-scale simultaneous hypothesis testing: the choice of a null hypothesis"."""
    median, quartile = np.quantile(values, (0.5, 0.25))
    spread = (median - quartile) / norm.ppf(0.75)
    return lambda rate: float(median + spread * norm.ppf(1 - rate))


def best_of_independent(background: Sequence[float], chunks: int) -> Threshold:
    middle, high = (background[SHARES.index(share)] for share in (0.5, 0.84))
    spread = (high - middle) / norm.ppf(0.84)
    return lambda rate: float(middle + spread * norm.ppf((1 - rate) ** (1 / chunks)))


def own_passages(rows: Rows, documents: NDArray[np.int64]) -> Threshold:
    chosen = np.random.default_rng(0).choice(len(rows), 200, replace=False)
    cosines = rows[chosen] @ rows.T
    cosines[documents[chosen][:, np.newaxis] == documents] = -1
    best = cosines.max(axis=1)
    return lambda rate: float(np.quantile(best, 1 - rate))


# --- tables


def by_index(answers: Mapping[float, Mapping[str, Answered]]) -> str:
    columns = [(rate, kind) for rate in RATES for kind in KINDS]
    rows = [[name, *(exact_share(of_kind(name, answers[rate][name], kind)) for rate, kind in columns)] for name in SETS]
    head = ["index", *(f"{kind}, rate {rate:g}" for rate, kind in columns)]
    return "## Share of the queries that were answered\n\n" + markdown(head, rows)


def exact_share(answered: NDArray[np.bool_]) -> str:
    """The share with its exact (Clopper-Pearson) 95 % interval."""
    hits, count = int(answered.sum()), len(answered)
    if not count:
        return ""
    low = beta.ppf(0.025, hits, count - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, count - hits) if hits < count else 1.0
    return f"{hits / count:.3f} ({low:.3f}-{high:.3f}) of {count}"


def together(answers: Mapping[float, Mapping[str, Answered]]) -> str:
    rows = [[kind, *(mean_over_indexes(answers[rate], kind) for rate in RATES)] for kind in KINDS]
    return "## Mean over the indexes\n\n" + markdown(["queries", *(f"rate {rate:g}" for rate in RATES)], rows)


def mean_over_indexes(found: Mapping[str, Answered], kind: str) -> str:
    """With a bootstrap interval; a query that several indexes were asked is drawn for all of them."""
    rng = np.random.default_rng(0)
    counts = {name: len(values) for name, values in found[SETS[0]].items()}
    indexes = [name for name in SETS if len(of_kind(name, found[name], kind))]

    def mean(drawn: Mapping[str, NDArray[np.int64]]) -> float:
        picked = {name: {other: found[name][other][drawn[other]] for other in SETS} for name in indexes}
        return float(np.mean([of_kind(name, picked[name], kind).mean() for name in indexes]))

    whole = mean({name: np.arange(count) for name, count in counts.items()})
    samples = [mean({name: rng.integers(count, size=count) for name, count in counts.items()}) for _ in range(SAMPLES)]
    low, high = np.quantile(samples, (0.025, 0.975))
    return f"{whole:.3f} ({low:.3f}-{high:.3f})"


def compared(ways: Mapping[str, Sequence[Sequence[float]]]) -> str:
    head = ["cosine needed by", *(f"{kind}, rate {rate:g}" for rate in RATES for kind in ("unrelated", "own"))]
    rows = [[way, *(f"{share:.3f}" for share in np.mean(shares, axis=0))] for way, shares in ways.items()]
    return "## Other ways to settle what is close\n\n" + markdown(head, rows)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


NOTES = """## How to read it

Unrelated queries are to be answered at most at the rate that was asked for, own queries as often as possible; what
neighbouring ones ought to be is not known. Shares of one index have exact intervals, means a bootstrap over queries.

The way was chosen among those of the last table with CACM, MED, NPL and TIME in view; CISI was looked at after.
The promise is for queries that are to an index as the everyday questions are. Where the index can answer some of
these, as CACM can (one of them is about the date of Easter, which CACM has an algorithm for), less than the rate gets
through, and some of its own queries are lost."""


if __name__ == "__main__":
    main()
