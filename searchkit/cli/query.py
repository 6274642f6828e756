"""``searchkit query``: the chunks that answer a question best."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.answer import AnswerForm, show_answer
from searchkit.cli.choice_options import (
    ContextOption,
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
from searchkit.cli.failures import say
from searchkit.cli.mode_options import (
    AbstainOption,
    DenseWeightOption,
    ExplainOption,
    FusionOption,
    ModeOption,
    RerankOption,
)
from searchkit.cli.options import (
    FilesOption,
    FullOption,
    IndexOption,
    JsonLinesOption,
    JsonOption,
    LimitOption,
    MovedModelOption,
    PathOption,
    WhereOption,
)
from searchkit.cli.remote_options import CollectionOption, MilvusOption, index_or_address
from searchkit.cli.terminal import read_standard_input, wants_rich
from searchkit.cli.wording import HitView, of_index

if TYPE_CHECKING:
    from searchkit.search import SearchEngine
    from searchkit.search.asking.answers import Answer

LONG_QUESTION = 4000  # characters: beyond what encoders of 512 tokens read


def query(
    text: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="The question; - reads it from standard input.")
    ] = None,
    queries: Annotated[
        str | None,
        typer.Option(
            "--queries",
            metavar="FILE",
            help="Answer all questions of a file (or -): one a line, JSONL or TSV with id and text.",
        ),
    ] = None,
    index: IndexOption = None,
    milvus: MilvusOption = None,
    collection: CollectionOption = None,
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
    context: ContextOption = None,
    min_score: MinScoreOption = None,
    abstain: AbstainOption = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="First bring the index up to date with the folders it was made from.")
    ] = False,
    explain: ExplainOption = False,
    model: MovedModelOption = None,
    full: FullOption = False,
    highlight: Annotated[
        bool | None,
        typer.Option("--highlight/--no-highlight", help="Find the best sentence of each hit; default: on a terminal."),
    ] = None,
    files: FilesOption = False,
    as_json: JsonOption = False,
    as_jsonl: JsonLinesOption = False,
    trec: Annotated[
        str | None,
        typer.Option("--trec", metavar="[TAG]", help="With --queries: print a TREC run, which ranks documents."),
    ] = None,
) -> None:
    """Show the chunks that answer TEXT best.

    For example: `searchkit query how do I undo a commit`, or `searchkit query -k 3 --path 'guide/**' backups`.

    Piped, a hit is one line: `path:line: score  title > heading  snippet`. With --queries the answers come as they
    are found; --jsonl is then one object a question. With --explain, --json is one object that has the hits in it.

    Exit code: 0 hits, 1 none, 2 error.
    """
    form = AnswerForm(as_json=as_json, as_jsonl=as_jsonl, files=files)
    if bool(text) == (queries is not None) or (trec is not None and queries is None):
        raise typer.BadParameter("give a question as TEXT, or many with --queries FILE (and --trec, if wanted)")
    question = read_standard_input() if text == ["-"] else " ".join(text or ())
    if len(question) > LONG_QUESTION:
        say(f"the question has {len(question):,} characters; the encoder reads only its beginning")
    marked = (form.is_text and wants_rich(sys.stdout)) if highlight is None else highlight
    from searchkit.cli.batch import Batch, answer_file
    from searchkit.cli.links import linker
    from searchkit.cli.session import open_engine
    from searchkit.settings import load_settings

    wanted = load_settings(overrides={"limit": k, "mode": mode, "min_score": min_score, "full": full or None})
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
        context=context,
        abstain=abstain,
        explain=explain,
    )
    options |= {"mode": wanted.mode, "min_score": wanted.min_score, "highlight": marked}
    with open_engine(index_or_address(index, milvus, collection), model=model) as engine:
        if fresh:
            from searchkit.cli.watch import bring_up_to_date

            bring_up_to_date(engine)
        view = HitView(full=wanted.full, marked=marked, link=linker(engine))
        if queries is not None:
            answer_file(engine, Batch(queries, wanted.limit, options), form, view, trec=trec)
            return
        answer = engine.ask(question, wanted.limit, **options)
        for notice in answer.notices:
            say(f"note: {notice}")
        nothing = "" if answer.hits else _why_nothing(engine, answer, wanted.min_score, index)
        show_answer(answer.hits, form, view, nothing=nothing, explained=answer if explain else None)


def _why_nothing(engine: SearchEngine, answer: Answer, min_score: float | None, index: str | None) -> str:
    if answer.nothing_close:
        return "nothing close"
    if engine.status().chunks == 0:
        return f"no hits: the index is empty; fill it with: {of_index('searchkit index FOLDER', index)}"
    return "no hits" if min_score is None else f"no hits with a cosine of at least {min_score:g}"
