"""What each choice of SimCSE does to this start: short runs that differ in one thing, beside the paper's findings.

    python benchmarks/ablations.py --base FOLDER [--data FOLDER] [--steps N] [--cache FOLDER] [--runs NAME ...]

Every run starts from the same checkpoint with the same seed and is measured on STS-B dev and on a dev set for
retrieval: headings of software documentation, to be answered by their sections. No evaluation set is looked at.
With ``--cache`` an interrupted bench goes on where it was; the table holds the runs that there are.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from common import ROOT, write_result

from searchkit.encoder import Encoder
from searchkit.evaluation import (
    Query,
    RetrievalSet,
    StsSet,
    evaluate_encoder,
    evaluate_sts,
    paired_bootstrap,
    read_sts,
    retrieval_set,
    spearman,
)
from searchkit.training import DataSettings, Head, Kind, Pooling, Precision, Recipe, RunSettings, read_source, train
from searchkit.training.precision import settled
from searchkit.types import Document

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH, MAX_TOKENS, LEARNING_RATE, WARM_UP, SEED = 64, 64, 5e-5, 0.1, 42
PRECISION = settled(Precision.AUTO, torch.device("cpu"))
SENTENCES = 20_000
PASSAGES = 1_200
DEV_PROJECTS = ("prometheus", "helm", "sqlite_utils", "coverage", "bertopic")
RESAMPLES = 1_000
EQUAL_IN_PAPER = 0.2  # points; the paper's figures are of single runs, and closer ones say nothing


@dataclass(frozen=True, slots=True)
class Run:
    """What is trained: the kinds of rows, and the settings in which it differs. No kinds: the start itself."""

    kinds: tuple[Kind, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: its run, the run it is compared with, and both runs' STS-B dev in the paper."""

    label: str
    run: str
    reference: str = ""
    paper: float | None = None
    paper_reference: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One question with its rows."""

    title: str
    note: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Outcome:
    """What a run gave: (N,) cosines of the STS-B dev pairs, and (Q,) nDCG@10 of the dev queries."""

    cosines: NDArray[np.float64]
    ndcg: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """A difference in points, with its 95 % interval."""

    difference: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 or -1; 0 where the interval holds zero."""
        return int(self.low > 0) - int(self.high < 0)

    def __str__(self) -> str:
        return f"{self.difference:+.1f} [{self.low:+.1f} to {self.high:+.1f}]"


@dataclass(frozen=True, slots=True)
class Tasks:
    """What every run is measured on."""

    similarity: StsSet
    retrieval: RetrievalSet


RUNS: Mapping[str, Run] = {
    "start": Run(()),
    "start-cls": Run((), {"pooling": Pooling.CLS_BEFORE_POOLER}),
    "unsup": Run((Kind.UNSUP,)),
    "sup": Run((Kind.TRIPLETS,)),
    "both": Run((Kind.UNSUP, Kind.TRIPLETS)),
    "sup-no-negatives": Run((Kind.PAIRS,)),
    "sup-tau-0.01": Run((Kind.TRIPLETS,), {"temperature": 0.01}),
    "sup-tau-0.1": Run((Kind.TRIPLETS,), {"temperature": 0.1}),
    "sup-tau-1": Run((Kind.TRIPLETS,), {"temperature": 1.0}),
    "unsup-dropout-0": Run((Kind.UNSUP,), {"dropout": 0.0}),
    "unsup-dropout-0.2": Run((Kind.UNSUP,), {"dropout": 0.2}),
    "unsup-same-mask": Run((Kind.UNSUP,), {"same_mask": True}),
    "sup-cls": Run((Kind.TRIPLETS,), {"pooling": Pooling.CLS_BEFORE_POOLER}),
    "sup-cls-head": Run((Kind.TRIPLETS,), {"pooling": Pooling.CLS, "head": Head.KEPT}),
}

GROUPS = (
    Group(
        "Objective",
        "Unsupervised, supervised with hard negatives, and batches of the two in turn. The paper has no mixture, and"
        " its start, averaged BERT, was never trained to compare sentences.",
        (
            Line("start", "start"),
            Line("unsupervised alone", "unsup", "start", 82.5),
            Line("supervised alone", "sup", "unsup", 86.2, 82.5),
            Line("both", "both", "sup"),
        ),
    ),
    Group(
        "Hard negatives",
        "The same triplets with and without their contradiction.",
        (Line("with", "sup", "", 86.2), Line("without", "sup-no-negatives", "sup", 84.9, 86.2)),
    ),
    Group(
        "Temperature",
        "Supervised, with hard negatives.",
        (
            Line("0.05", "sup", "", 86.2),
            Line("0.01", "sup-tau-0.01", "sup", 85.4, 86.2),
            Line("0.1", "sup-tau-0.1", "sup", 82.0, 86.2),
            Line("1", "sup-tau-1", "sup", 64.0, 86.2),
        ),
    ),
    Group(
        "Dropout",
        "Unsupervised: the only difference between a sentence and its positive.",
        (
            Line("0.1", "unsup", "", 82.5),
            Line("0", "unsup-dropout-0", "unsup", 71.1, 82.5),
            Line("0.2", "unsup-dropout-0.2", "unsup", 80.5, 82.5),
            Line("0.1, the same mask twice", "unsup-same-mask", "unsup", 43.6, 82.5),
        ),
    ),
    Group(
        "Pooler",
        "Supervised. The start was trained with the mean of the last layer, so that a pooler has to be learnt anew;"
        " the paper's averages the first and the last layer, and its start favours none.",
        (
            Line("mean", "sup", "", 86.1),
            Line("[CLS]", "sup-cls", "sup", 86.2, 86.1),
            Line("[CLS] and head, kept", "sup-cls-head", "sup", 86.2, 86.1),
            Line("[CLS] of the start, untrained", "start-cls", "start"),
        ),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--runs", nargs="*", default=list(RUNS), choices=list(RUNS), help="default: all")
    options = parser.parse_args()
    tasks = Tasks(read_sts(options.data / "sts" / "stsb.parquet", split="dev"), documentation(options.data))
    with tempfile.TemporaryDirectory() as scratch:
        cache = options.cache or Path(scratch)
        cache.mkdir(parents=True, exist_ok=True)
        sources = write_sources(options.data, Path(scratch))
        outcomes = {}
        for name in options.runs:
            file = cache / f"{name}-{options.steps}.npz"
            if not file.exists():
                began = time.perf_counter()
                recipe = recipe_of(RUNS[name], options.base, options.steps, sources)
                found = measure_run(recipe, RUNS[name], tasks, Path(scratch) / name)
                np.savez(file, cosines=found.cosines, ndcg=found.ndcg)
                print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
            kept = np.load(file)
            outcomes[name] = Outcome(kept["cosines"], kept["ndcg"])
    text = markdown(outcomes, tasks, options.steps)
    write_result("ablations", "What each choice of SimCSE does to the start", text, "torch", "transformers", "numpy")


def documentation(data: Path) -> RetrievalSet:
    """Headings as queries, sections as documents, of projects that no recipe trains on; a sample."""
    import pyarrow.parquet as parquet

    rows = parquet.read_table(data / "docs_sections" / "pairs.parquet").to_pylist()
    sections = {row["text_b"]: row["text_a"] for row in rows if row["source"] in DEV_PROJECTS}
    chosen = np.random.default_rng(SEED).choice(len(sections), size=min(PASSAGES, len(sections)), replace=False)
    pairs = [pair for place, pair in enumerate(sections.items()) if place in set(chosen.tolist())]
    ids = {heading: f"q{number}" for number, heading in enumerate(dict.fromkeys(heading for _, heading in pairs))}
    qrels: dict[str, dict[str, int]] = {query_id: {} for query_id in ids.values()}
    for number, (_, heading) in enumerate(pairs):
        qrels[ids[heading]][f"d{number}"] = 1
    documents = (Document(f"d{number}", section) for number, (section, _) in enumerate(pairs))
    queries = (Query(query_id, heading) for heading, query_id in ids.items())
    return retrieval_set("documentation", documents, queries, qrels)


def write_sources(data: Path, scratch: Path) -> dict[Kind, DataSettings]:
    """The training texts; the sentences are a sample, written down so that no run reads all of them again."""
    every = DataSettings(
        data / "sentences" / "sentences.parquet", Kind.UNSUP, limit=SENTENCES, keep={"source": ("wikipedia",)}
    )
    sample = scratch / "sentences.txt"
    sample.write_text("".join(f"{row.texts[0]}\n" for row in read_source(every, seed=SEED).rows), encoding="utf-8")
    triplets = data / "nli" / "nli_triplets.parquet"
    left_out = {"source": ("anli_subset",), "direction": ("shared_hypothesis",)}
    return {
        Kind.UNSUP: DataSettings(sample, Kind.UNSUP),
        Kind.TRIPLETS: DataSettings(triplets, Kind.TRIPLETS, drop=left_out),
        Kind.PAIRS: DataSettings(triplets, Kind.PAIRS, drop=left_out),
    }


def recipe_of(run: Run, base: Path, steps: int, sources: Mapping[Kind, DataSettings]) -> Recipe:
    settings = {
        "steps": steps,
        "batch_size": BATCH,
        "learning_rate": LEARNING_RATE,
        "warmup": WARM_UP,
        "max_tokens": MAX_TOKENS,
        "precision": PRECISION,
        "device": "cpu",
        "seed": SEED,
        "save_every": 0,
        **run.settings,
    }
    kinds = run.kinds or (Kind.TRIPLETS,)  # a recipe names data, even where nothing is trained
    return Recipe(RunSettings(base=str(base), **settings), tuple(sources[kind] for kind in kinds))


def measure_run(recipe: Recipe, run: Run, tasks: Tasks, out: Path) -> Outcome:
    """Train, and measure what the last step gave; or measure the start."""
    from searchkit.training.model import load_start
    from searchkit.training.probe import TrainingEncoder

    found: list[Outcome] = []

    def evaluate(encoder: Encoder) -> float:
        found.append(measure(encoder, tasks))
        return float(found[-1].ndcg.mean())

    if run.kinds:
        train(recipe, out, evaluate=evaluate)
    else:
        evaluate(TrainingEncoder(load_start(recipe.run), recipe.run))
    return found[-1]


def measure(encoder: Encoder, tasks: Tasks) -> Outcome:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=PRECISION is Precision.BF16):
        cosines = evaluate_sts(encoder, tasks.similarity).cosines
        return Outcome(cosines, evaluate_encoder(encoder, tasks.retrieval, ["nDCG@10"]).values["nDCG@10"])


def similarity_change(before: Outcome, after: Outcome, gold: NDArray[np.float64]) -> Change:
    """Points of Spearman x 100; the interval is a paired bootstrap over the pairs."""
    rng = np.random.default_rng(0)
    changes = []
    for _ in range(RESAMPLES):
        chosen = rng.integers(len(gold), size=len(gold))
        pair = [spearman(outcome.cosines[chosen], gold[chosen]) for outcome in (before, after)]
        changes.append(100 * (pair[1] - pair[0]))
    low, high = np.quantile(changes, [0.025, 0.975])
    difference = 100 * (spearman(after.cosines, gold) - spearman(before.cosines, gold))
    return Change(difference, float(low), float(high))


def retrieval_change(before: Outcome, after: Outcome) -> Change:
    """Points of nDCG@10 x 100; the interval is a paired bootstrap over the queries."""
    found = paired_bootstrap(100 * before.ndcg, 100 * after.ndcg)
    return Change(found.difference, found.low, found.high)


def verdict(line: Line, change: Change) -> str:
    """Whether STS-B moved as it did in the paper."""
    if line.paper is None or line.paper_reference is None:
        return "-"
    expected = line.paper - line.paper_reference
    if abs(expected) <= EQUAL_IN_PAPER:
        return "yes" if change.sign == 0 else f"no: {change.difference:+.1f}, where the paper sees none"
    if change.sign == 0:
        return "not decided"
    return "yes" if (change.sign > 0) == (expected > 0) else "no"


def markdown(outcomes: Mapping[str, Outcome], tasks: Tasks, steps: int) -> str:
    retrieval = tasks.retrieval
    head = (
        f"{steps} steps of {BATCH} rows, learning rate {LEARNING_RATE:g} with {WARM_UP:.0%} warm-up, cut at"
        f" {MAX_TOKENS} tokens in training and evaluation, {PRECISION.value}, one seed ({SEED}); temperature 0.05,"
        f" dropout 0.1 and mean pooling where nothing else is said. Unsupervised: {SENTENCES} sentences of Wikipedia."
        " Supervised: NLI triplets."
        f"\n\n`STS-B` is Spearman x 100 on the {len(tasks.similarity.pairs)} pairs of STS-B dev; `docs` is nDCG@10 x"
        f" 100 of {len(retrieval.queries)} headings over {len(retrieval.documents)} sections of five software"
        " documentations. Changes are in points with their 95 % interval (paired bootstrap: it knows the luck of the"
        " test texts, not that of the seed). `paper` is STS-B dev of BERT-base, trained in full: Gao, Yao, Chen 2021,"
        f" tables of ablations; differences of at most {EQUAL_IN_PAPER} points there count as none. The direction is"
        " that of STS-B against the row named; `not decided` is an interval that holds zero where the paper sees a"
        " difference."
    )
    measured = [group for group in GROUPS if sum(line.run in outcomes for line in group.lines) > 1]
    left_out = [name for name in RUNS if name not in outcomes]
    tail = [f"Not run here: {', '.join(left_out)}."] if left_out else []
    return "\n\n".join([head, *(table(group, outcomes, tasks) for group in measured), *tail])


def table(group: Group, outcomes: Mapping[str, Outcome], tasks: Tasks) -> str:
    labels = {line.run: line.label for group in GROUPS for line in group.lines} | {
        line.run: line.label for line in group.lines
    }
    gold = np.array([pair.score for pair in tasks.similarity.pairs])
    rows = []
    for line in group.lines:
        if line.run not in outcomes:
            continue
        own = outcomes[line.run]
        cells = [line.label, f"{100 * spearman(own.cosines, gold):.2f}", f"{100 * own.ndcg.mean():.2f}"]
        reference = outcomes.get(line.reference)
        rows.append([*cells, *compared(line, labels.get(line.reference, ""), own, reference, gold)])
    columns = ("", "STS-B", "docs", "against", "STS-B change", "docs change", "paper", "paper's change", "agrees")
    lines = [f"| {' | '.join(cells)} |" for cells in (columns, *rows)]
    lines.insert(1, f"|{'---|' * len(columns)}")
    return f"## {group.title}\n\n{group.note}\n\n" + "\n".join(lines)


def compared(
    line: Line, label: str, own: Outcome, reference: Outcome | None, gold: NDArray[np.float64]
) -> Sequence[str]:
    """The cells of a row that look at its reference."""
    paper = "-" if line.paper is None else f"{line.paper:.1f}"
    if reference is None:
        return ("-", "-", "-", paper, "-", "-")
    change = similarity_change(reference, own, gold)
    expected = "-"
    if line.paper is not None and line.paper_reference is not None:
        expected = f"{line.paper - line.paper_reference:+.1f}"
    return (label, str(change), str(retrieval_change(reference, own)), paper, expected, verdict(line, change))


if __name__ == "__main__":
    main()
