"""An explanation in words: what each part of a search made of a hit, and how the question was taken."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

from searchkit.cli.wording import Facts
from searchkit.types import Part

if TYPE_CHECKING:
    from searchkit.search.asking.answers import Answer
    from searchkit.types import Hit


def standing_of(hit: Hit) -> tuple[str, ...]:
    """``dense 3 (0.512)``, ``fused 1 (0.913)``, ``percentile 99.98``, ``matched rename, branch``; or nothing."""
    if hit.explanation is None:
        return ()
    parts = [(one.name, getattr(hit.explanation, one.name)) for one in fields(hit.explanation)]
    said = [f"{name} {part.rank} ({_score(part.score)})" for name, part in parts if isinstance(part, Part)]
    said += [f"percentile {_percentile(hit.percentile)}"] if hit.percentile is not None else []
    said += [f"matched {', '.join(hit.explanation.terms)}"] if hit.explanation.terms else []
    return tuple(said)


def matched_words(hit: Hit) -> re.Pattern[str] | None:
    """What finds, in any cut of the hit's text, the words that were matched in it."""
    if hit.explanation is None or not hit.explanation.spans:
        return None
    found = {hit.text[start:end] for start, end in hit.explanation.spans}
    forms = [r"\s+".join(map(re.escape, form.split())) for form in sorted(found, key=lambda form: (-len(form), form))]
    return re.compile(rf"(?<![0-9A-Za-z_])(?:{'|'.join(forms)})(?![0-9A-Za-z_])")


def plan_facts(answer: Answer) -> Facts:
    """How the question of an explained answer was taken."""
    plan = answer.plan
    if plan is None:
        return Facts("", ())
    joined = "" if plan.dense_weight is None else f" ({plan.fusion}, {plan.dense_weight:g} of it dense)"
    pairs = [
        ("mode", f"{answer.mode.value}{joined}"),
        ("words", ", ".join(plan.terms)),
        ("filter", _filter(answer)),
        ("index", f"{answer.index_kind}, {plan.chunks:,} chunks"),
        ("candidates", ", ".join(f"{count:,} {name}" for name, count in answer.candidates.items())),
        ("closest", _closest(plan.closest, plan.off_topic)),
        ("time", _time(answer)),
    ]
    return Facts("How this was found", tuple((label, value) for label, value in pairs if value))


def _filter(answer: Answer) -> str:
    if answer.plan is None or answer.allowed is None:
        return ""
    together, conditions = f"{answer.allowed:,} of {answer.plan.chunks:,} chunks", answer.plan.conditions
    if len(conditions) == 1:
        return f"{together}: {conditions[0].text}"
    return ":\n".join((together, ",\n".join(f"{one.chunks:,} by {one.text}" for one in conditions)))


def _closest(cosine: float | None, off_topic: float | None) -> str:
    if cosine is None:
        return ""
    chance = f"; p = {off_topic:.3f} for a question about anything" if off_topic is not None else ""
    return f"cosine {cosine:.3f}{chance}"


def _time(answer: Answer) -> str:
    stages = [f"{name} {1000 * seconds:.1f}" for name, seconds in answer.seconds.items() if seconds >= 0.00005]
    return f"{1000 * sum(answer.seconds.values()):.1f} ms: {', '.join(stages)}"


def _score(score: float) -> str:
    return f"{score:.3f}" if abs(score) < 100 else f"{score:.0f}"


def _percentile(percentile: float) -> str:
    """Two digits, more of them near 100, and never rounded up to it."""
    digits = next(digits for digits in range(2, 9) if digits == 8 or round(percentile, digits) < 100)
    return f"{percentile:.{digits}f}"
