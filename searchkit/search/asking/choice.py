"""Which candidates become hits, and looking deeper until there are enough of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from searchkit.search.asking.diversity import pick
from searchkit.search.asking.topics import unit_rows
from searchkit.search.question import Group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.search.asking.ranking import Found
    from searchkit.search.backend import Reader
    from searchkit.search.question import Question
    from searchkit.types import Ids

FIRST_DEPTH = 100  # candidates at least, where not simply the best k are chosen


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The chunks that become hits.

    Attributes:
        ids: (n,) chunk ids, best first; at most k.
        cosines: (n,) of query and chunk.
        alike: by chunk, the candidates that are folded under it, best first.
        others: where documents are shown, by chunk the other candidates of its document that rank before the last
            hit or among the best k, best first.
    """

    ids: Ids
    cosines: NDArray[np.float64]
    alike: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    others: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


def depth_for(question: Question) -> int:
    """How many candidates are looked at before one knows whether they are enough."""
    return max(4 * question.k, FIRST_DEPTH) if question.is_selective else question.k


def settle(
    found: Found, depth: int, question: Question, *, choose: Callable[[Found], Choice], look: Callable[[int], Found]
) -> tuple[Found, Choice]:
    """The choice among the candidates, or among more of them while they do not give ``k`` hits.

    Args:
        found: the candidates of a first look that was ``depth`` deep.
        choose: makes the choice among candidates.
        look: finds the candidates of any depth. It is asked for twice as many each time, until a part has nothing
            more to give; what is found later ranks after what was found before.
    """
    choice = choose(found)
    while len(choice.ids) < question.k and not _is_all(found, depth, question.min_score):
        depth *= 2
        found = found.followed_by(look(depth))
        choice = choose(found)
    return found, choice


def _is_all(found: Found, depth: int, min_score: float | None) -> bool:
    """Whether a deeper look would give nothing more that counts."""
    dense = found.parts.get("dense")
    if dense is not None and min_score is not None and len(dense) and dense.scores[-1] < min_score:
        return True  # the dense part is in order of the cosine: all that reach it are here
    return all(len(part) < depth for part in found.parts.values())


def choose(reader: Reader, candidates: Ids, cosines: NDArray[np.float64], question: Question) -> Choice:
    """The hits among the candidates.

    Args:
        candidates: (n,) chunk ids, best first.
        cosines: (n,) of query and chunk.
    """
    if question.min_score is not None:
        reached = cosines >= question.min_score
        candidates, cosines = candidates[reached], cosines[reached]
    if not question.is_selective or not len(candidates):
        return Choice(candidates[: question.k], cosines[: question.k])
    quota = 1 if question.group is Group.DOCUMENT else question.per_document or 0
    picks = pick(
        _relevance(cosines),
        question.k,
        rows=unit_rows(reader.vectors(candidates)) if question.fold or question.diverse is not None else None,
        diverse=question.diverse,
        fold=question.fold,
        documents=reader.document_numbers(candidates) if quota else None,
        quota=quota,
    )
    ids, places = candidates.tolist(), [one.position for one in picks]
    last = max(question.k, *places) if question.group is Group.DOCUMENT else 0
    return Choice(
        candidates[places],
        cosines[places],
        alike={ids[one.position]: tuple(ids[place] for place in one.alike) for one in picks},
        others={ids[one.position]: tuple(ids[place] for place in one.others if place < last) for one in picks},
    )


def _relevance(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """The relevance of each candidate on the scale of cosines, which is that of its redundancy.

    The candidate in place i has the i-th highest cosine: in a dense search its own. Where another part had a say in
    the order, this keeps the order.
    """
    return np.sort(cosines)[::-1]
