"""How well a run answers: the measures of every query, their means, and two runs compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import EvaluationError
from searchkit.evaluation.collection import RetrievalSet
from searchkit.evaluation.metrics import measure
from searchkit.evaluation.records import some_names
from searchkit.evaluation.runs import DEPTH, Run, dense_run
from searchkit.evaluation.significance import SAMPLES, Difference, paired_bootstrap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.encoder import Encoder

MEASURES = ("nDCG@10", "MRR@10", "recall@100", "MAP")


@dataclass(frozen=True, eq=False, slots=True)
class RetrievalReport:
    """The figures of one run on one collection.

    Attributes:
        run, collection: their names.
        query_ids: the queries in order.
        values: by measure, (Q,) float64, one value a query.
        unjudged: queries of the collection without a relevant document, which are left out.
    """

    run: str
    collection: str
    query_ids: tuple[str, ...]
    values: Mapping[str, NDArray[np.float64]]
    unjudged: int

    @property
    def means(self) -> dict[str, float]:
        """The mean of each measure over the queries, 0 to 1."""
        return {name: float(values.mean()) for name, values in self.values.items()}


def evaluate_run(run: Run, collection: RetrievalSet, measures: Sequence[str] = MEASURES) -> RetrievalReport:
    """Measure a run. A query with an empty ranking counts as zero; one that the run lacks is an error.

    MAP sees as many documents as the run holds: MAP@100 for a run of the usual depth.

    Raises:
        EvaluationError: the run lacks queries of the collection.
        InputError: there is no measure of a name.
    """
    missing = [query.query_id for query in collection.queries if query.query_id not in run.rankings]
    if missing:
        raise EvaluationError(
            f"run {run.name!r} lacks {len(missing)} queries of {collection.name}: {some_names(missing)}"
        )
    functions = {name: measure(name) for name in measures}
    judged = [(run.rankings[q.query_id].doc_ids, collection.qrels[q.query_id]) for q in collection.queries]
    values = {
        name: np.array([function(ranking, relevance) for ranking, relevance in judged])
        for name, function in functions.items()
    }
    query_ids = tuple(query.query_id for query in collection.queries)
    return RetrievalReport(run.name, collection.name, query_ids, values, collection.unjudged)


def evaluate_encoder(
    encoder: Encoder, collection: RetrievalSet, measures: Sequence[str] = MEASURES, *, k: int = DEPTH
) -> RetrievalReport:
    """`evaluate_run` of the `dense_run` of an encoder."""
    return evaluate_run(dense_run(encoder, collection, k=k), collection, measures)


def compare(
    before: RetrievalReport, after: RetrievalReport, name: str = "nDCG@10", *, samples: int = SAMPLES, seed: int = 0
) -> Difference:
    """The paired bootstrap between two reports of one collection, in one measure.

    Raises:
        EvaluationError: they are not of the same queries, or one lacks the measure.
    """
    if (before.collection, before.query_ids) != (after.collection, after.query_ids):
        raise EvaluationError(
            f"{before.run!r} was measured on {before.collection} ({len(before.query_ids)} queries),"
            f" {after.run!r} on {after.collection} ({len(after.query_ids)} queries)",
            hint="measure both on the same queries",
        )
    if name not in before.values or name not in after.values:
        raise EvaluationError(f"{name} was not measured for both", hint="name it in `measures`")
    return paired_bootstrap(before.values[name], after.values[name], samples=samples, seed=seed)
