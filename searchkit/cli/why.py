"""``searchkit why``: why a document is not among the hits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.choice_options import (
    DiverseOption,
    FoldOption,
    GroupOption,
    MinScoreOption,
    PerDocumentOption,
    SinceOption,
    TopicOption,
    UnlikeOption,
    given,
)
from searchkit.cli.mode_options import AbstainOption, DenseWeightOption, FusionOption, ModeOption, RerankOption
from searchkit.cli.options import IndexOption, JsonObjectOption, LimitOption, MovedModelOption, PathOption, WhereOption
from searchkit.cli.output import renderer
from searchkit.cli.wording import Facts, place

if TYPE_CHECKING:
    from searchkit.search.asking.reasons import Standing, Why


def why(
    text: Annotated[str, typer.Argument(metavar="QUERY", help="The question, in quotes.")],
    target: Annotated[
        str, typer.Argument(metavar="PATH", help="A file, in the index or on disk; a document's id; a chunk's number.")
    ],
    index: IndexOption = None,
    k: LimitOption = None,
    mode: ModeOption = None,
    fusion: FusionOption = None,
    dense_weight: DenseWeightOption = None,
    rerank: RerankOption = None,
    where: WhereOption = None,
    path: PathOption = None,
    since: SinceOption = None,
    topic: TopicOption = None,
    unlike: UnlikeOption = None,
    diverse: DiverseOption = None,
    fold: FoldOption = False,
    per_document: PerDocumentOption = None,
    group: GroupOption = None,
    min_score: MinScoreOption = None,
    abstain: AbstainOption = None,
    model: MovedModelOption = None,
    as_json: JsonObjectOption = False,
) -> None:
    """Tell why a document is not among the hits of a query.

    Or at which rank it is. For example: `searchkit why "undo a commit" docs/reset.md`. It looks at ignore files, at
    what was indexed and when, at filters, at the exact rank, and at what was chosen. Give the options that the query
    had: they may be why.
    """
    from searchkit.cli.session import open_engine
    from searchkit.search.question import number_or_name
    from searchkit.settings import load_settings

    wanted = load_settings(overrides={"limit": k, "mode": mode, "min_score": min_score})
    options = given(
        where=where,
        path=path,
        fusion=fusion,
        dense_weight=dense_weight,
        rerank=rerank,
        since=since,
        topic=topic or None,
        unlike=unlike or None,
        diverse=diverse,
        fold=fold,
        per_document=per_document,
        group=group,
        abstain=abstain,
    )
    options |= {"mode": wanted.mode, "min_score": wanted.min_score}
    with open_engine(index, model=model) as engine:
        found = engine.why(text, number_or_name(target), wanted.limit, **options)
    if as_json:
        from searchkit.cli import jsonout
        from searchkit.search.asking.hit_json import why_to_dict

        jsonout.show_lines([why_to_dict(found)])
    else:
        renderer().show_facts(_facts(found))


def _facts(found: Why) -> Facts:
    answer = "not among the hits" if found.rank is None else f"hit {found.rank}"
    pairs = [("document", found.name), ("answer", answer)]
    for reason in found.reasons:
        remedy = f"\n→ {reason.remedy}" if reason.remedy else ""
        pairs.append(("because" if found.rank is None else "but", reason.text + remedy))
    if found.standing is not None:
        pairs.append(("best chunk", _standing(found.standing)))
    if found.standing is not None and found.hits:
        last = found.hits[-1]
        pairs.append(("last shown", f"{place(last)}, cosine {last.score:.3f}"))
    return Facts("", tuple(pairs))


def _standing(standing: Standing) -> str:
    where = f"line {standing.line_start}" if standing.line_start is not None else f"chunk {standing.chunk_id}"
    where = f"page {standing.page}" if standing.page is not None else where
    ranks = [
        f"by {name} {part.rank:,}"
        for name, part in (("meaning", standing.dense), ("words", standing.lexical))
        if part is not None
    ]
    ranks += [f"together {standing.fused_rank:,}"] if standing.fused_rank is not None and len(ranks) == 2 else []
    ranked = f"; rank {', '.join(ranks)} of {standing.chunks:,}" if ranks else ""
    return f"{where}, cosine {standing.cosine:.3f}{ranked}"
