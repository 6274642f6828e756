"""Is the trained encoder better on this corpus? Only a sure yes promotes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchkit.evaluation.language import WordOrder, word_order
from searchkit.evaluation.retrieval import RetrievalReport, evaluate_encoder
from searchkit.evaluation.significance import CONFIDENCE, SAMPLES, Difference, paired_bootstrap

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.evaluation.known_item import KnownItems

DECISIVE = "nDCG@10"
MEASURES = (DECISIVE, "MRR@10", "recall@100")
FEWEST_QUERIES = 30
FEWEST_DOCUMENTS = 5  # queries of one document stand or fall together


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an encoder takes the place of the one before it.

    Attributes:
        before, after: mean nDCG@10 over the held-out queries.
        difference: ``after - before``.
        low, high: its 95 % interval by the paired bootstrap over documents.
        promoted: whether the new encoder should be used.
        sentence: the outcome and its reason in plain words.
        comparisons: the same for each measure, for a table.
    """

    before: float
    after: float
    difference: float
    low: float
    high: float
    promoted: bool
    sentence: str
    comparisons: Mapping[str, Difference]


def judge(before: Encoder, after: Encoder, items: KnownItems, *, samples: int = SAMPLES, seed: int = 0) -> Verdict:
    """Compare two encoders on held-out known items, none of which the second one was trained on.

    Args:
        before: the encoder in use.
        after: the trained one.
        items: from documents that were kept from training.
        samples: of the bootstrap.
        seed: of the bootstrap.
    """
    reports = [evaluate_encoder(encoder, items.collection, MEASURES) for encoder in (before, after)]
    order = word_order((document.text for document in items.collection.documents), seed=seed)
    return decide(reports[0], reports[1], items.origins, order, samples=samples, seed=seed)


def decide(
    before: RetrievalReport,
    after: RetrievalReport,
    origins: Mapping[str, str],
    order: WordOrder,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
) -> Verdict:
    """The verdict from two reports of the same queries.

    Args:
        before: of the encoder in use.
        after: of the trained one.
        origins: for each query id the document it was made from.
        order: whether the corpus is language at all.
        samples: of the bootstrap.
        seed: of the bootstrap.
    """
    groups = [origins[query_id] for query_id in before.query_ids]
    comparisons = {
        name: paired_bootstrap(before.values[name], after.values[name], groups=groups, samples=samples, seed=seed)
        for name in MEASURES
    }
    found = comparisons[DECISIVE]
    reason = _reason_against(comparisons, groups, order)
    promoted = not reason
    sentence = (
        f"{'Promoted' if promoted else 'Not promoted'}: {reason or 'the new encoder finds more'}. {_figures(found)}"
    )
    return Verdict(found.before, found.after, found.difference, found.low, found.high, promoted, sentence, comparisons)


def _reason_against(comparisons: Mapping[str, Difference], groups: Sequence[str], order: WordOrder) -> str:
    found = comparisons[DECISIVE]
    documents = len(set(groups))
    if not order.is_language:
        return (
            "the words of this corpus stand in no more order than shuffled ones, so there is nothing to learn from it"
        )
    if len(groups) < FEWEST_QUERIES or documents < FEWEST_DOCUMENTS:
        return (
            f"{len(groups)} queries from {documents} documents are too few to tell"
            f" (at least {FEWEST_QUERIES} from {FEWEST_DOCUMENTS})"
        )
    if found.high < 0:
        return "the new encoder finds less"
    if found.low <= 0:
        return "the difference may be chance"
    worse = [name for name, other in comparisons.items() if other.high < 0]
    return f"{' and '.join(worse)} fell" if worse else ""


def _figures(found: Difference) -> str:
    return (
        f"{DECISIVE} {found.before:.3f} before, {found.after:.3f} after: {found.difference:+.3f}"
        f" ({CONFIDENCE:.0%} interval {found.low:+.3f} to {found.high:+.3f}, {found.queries} held-out queries)."
    )
