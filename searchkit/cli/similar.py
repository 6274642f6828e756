"""``searchkit similar``: more like a chunk, a document, a file, or a text that is not in the index."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from searchkit.cli.terminal import read_standard_input
from searchkit.cli.wording import HitView
from searchkit.errors import DocumentRefusedError, InputError

if TYPE_CHECKING:
    from searchkit.search import SearchEngine
    from searchkit.types import Document, Hit


def similar(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID_OR_PATH]",
            help="A file's path, a document's id or a chunk's number; - reads a text from standard input.",
        ),
    ] = None,
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="Like this text.")] = None,
    index: IndexOption = None,
    k: LimitOption = None,
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
    model: MovedModelOption = None,
    full: FullOption = False,
    files: FilesOption = False,
    as_json: JsonOption = False,
    as_jsonl: JsonLinesOption = False,
) -> None:
    """Show the chunks closest to a document, a chunk or a text.

    Closest in meaning to all of it; what is itself in the index is left out of its own answer. A file that is not in
    the index is read as `searchkit index` would read it. Exit code: 0 hits, 1 none, 2 error.
    """
    form = AnswerForm(as_json=as_json, as_jsonl=as_jsonl, files=files)
    if (target is None) == (text is None):
        raise typer.BadParameter("give a chunk, a document or a file, or a text with --text")
    from searchkit.cli.links import linker
    from searchkit.cli.session import open_engine
    from searchkit.settings import load_settings

    wanted = load_settings(overrides={"limit": k, "min_score": min_score, "full": full or None})
    options = given(
        where=where,
        path=path,
        since=since,
        topic=topic or None,
        unlike=unlike or None,
        diverse=diverse,
        fold=fold,
        per_document=per_document,
        group=group,
        context=context,
        min_score=wanted.min_score,
    )
    with open_engine(index, model=model) as engine:
        if target is None or target == "-":
            hits = engine.similar(
                _as_document(read_standard_input() if text is None else text), wanted.limit, **options
            )
        else:
            hits = _like_named(engine, target, wanted.limit, options)
        show_answer(hits, form, HitView(full=wanted.full, link=linker(engine)))


def _like_named(engine: SearchEngine, target: str, k: int, options: dict[str, Any]) -> list[Hit]:
    from searchkit.cli.session import under_its_name
    from searchkit.search.question import number_or_name

    try:
        return under_its_name(engine, target, lambda name: engine.similar(number_or_name(name), k, **options))
    except InputError:
        file = _as_file(target)
        if file is None:
            raise
    return engine.similar(_read(file), k, **options)  # what else was wrong is still so, and told


def _as_document(text: str) -> Document:
    from searchkit.types import Document

    return Document("-", text)


def _as_file(target: str) -> Path | None:
    try:
        return Path(target).resolve(strict=True) if os.path.isfile(target) else None  # noqa: PTH113 - Path's may raise
    except OSError:
        return None


def _read(file: Path) -> Sequence[Document]:
    from searchkit.documents import ReadOptions, Source, read_source

    seen = file.stat()
    try:
        return read_source(Source(file.name, file, seen.st_size, seen.st_mtime_ns), ReadOptions())
    except DocumentRefusedError as error:
        raise InputError(f"{file.name} is not in the index, and cannot be read: {error.message}") from error
