"""``searchkit index``: make an index mirror folders and files."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from searchkit.cli import index_options as option
from searchkit.cli.options import IndexOption, JsonObjectOption, WaitOption
from searchkit.cli.output import renderer
from searchkit.cli.progress import progress_bar
from searchkit.cli.refused import show_refused
from searchkit.cli.wording import Facts, of_index, time_words
from searchkit.errors import DocumentRefusedError, InputError, counted

if TYPE_CHECKING:
    from searchkit.documents import ReadOptions, WalkOptions
    from searchkit.scale.intake import ShardCorpus
    from searchkit.search import SearchEngine
    from searchkit.search.reports import IndexReport, IndexStatus

STANDARD_INPUT = "-"
SOME_REFUSED = 1


def index(
    paths: option.Paths = None,
    index: IndexOption = None,
    from_shards: option.FromShards = None,
    glob: option.Glob = None,
    exclude: option.Exclude = None,
    hidden: option.Hidden = False,
    no_ignore: option.NoIgnore = False,
    encoding: option.Encoding = None,
    name: option.Name = STANDARD_INPUT,
    text_field: option.TextFields = None,
    title_field: option.TitleField = None,
    id_field: option.IdField = None,
    model: option.NewModel = None,
    wait: WaitOption = 0,
    watch: option.Watch = False,
    dry_run: option.DryRun = False,
    strict: option.Strict = False,
    verbose: option.Verbose = False,
    as_json: JsonObjectOption = False,
) -> None:
    """Index folders and files, or bring an index up to date.

    For example: `searchkit index docs/`, or `searchkit index notes.md manuals/ --index work`.

    Only what is new or changed is read, and what vanished from PATHS is dropped. It can be interrupted and run
    again at any time: what was committed is kept. With --watch it stays and follows the changes of PATHS.
    """
    paths = paths or []
    if bool(paths) == (from_shards is not None):
        raise typer.BadParameter("expected folders and files, or --from-shards OUT by itself")
    if from_shards is not None and (watch or dry_run):
        raise typer.BadParameter("--from-shards goes without --watch and --dry-run")
    if watch and (STANDARD_INPUT in paths or dry_run or strict):
        raise typer.BadParameter("--watch goes with folders and files, without -, --dry-run and --strict")
    from searchkit.cli.session import open_or_create_engine, rehearsal_engine
    from searchkit.documents import ReadOptions, WalkOptions

    walking = WalkOptions(
        globs=tuple(glob or ()),
        excludes=tuple(exclude or ()),
        hidden=hidden,
        use_ignore_files=not no_ignore,
    )
    reading = ReadOptions(
        text_fields=tuple(text_field or ()),
        title_field=title_field,
        id_field=id_field,
        encoding=encoding,
    )
    if watch:
        from searchkit.cli.watch import follow

        with open_or_create_engine(index, model=model, wait_s=wait) as engine:
            follow(engine, paths, walking, reading, index=index, as_json=as_json)
        return
    corpus = None if from_shards is None else _shards(from_shards)
    if corpus is not None:
        model = model or corpus.settings.encoder or None
    with (rehearsal_engine if dry_run else open_or_create_engine)(index, model=model, wait_s=wait) as engine:
        if corpus is None:
            report = _run(engine, paths, walking, reading, name=name, dry_run=dry_run)
        else:
            with progress_bar() as tell:
                report = engine.index_encoded(corpus, progress=tell)
        if as_json:
            from searchkit.cli import jsonout

            jsonout.show_lines([report])
        else:
            renderer().show_facts(_summary(report, None if dry_run else engine.status(), index))
    see_all = "with: --verbose" if dry_run else f"with: {of_index('searchkit ls --refused', index)}"
    show_refused([(one.path, one.reason) for one in report.refused], see_all, verbose=verbose)
    if strict and report.refused:
        raise typer.Exit(SOME_REFUSED)


def _shards(out: str) -> ShardCorpus:
    from searchkit.scale.intake import ShardCorpus
    from searchkit.scale.shards import Shards

    return ShardCorpus(Shards.open(out))


def _run(
    engine: SearchEngine,
    paths: Sequence[str],
    walking: WalkOptions,
    reading: ReadOptions,
    *,
    name: str,
    dry_run: bool,
) -> IndexReport:
    if STANDARD_INPUT in paths:
        if len(paths) > 1 or dry_run:
            raise typer.BadParameter("- (standard input) stands alone, without other paths or --dry-run")
        return _add_standard_input(engine, name, reading)
    with progress_bar() as tell:
        folders = [Path(path) for path in paths]
        report = engine.index_paths(folders, walk=walking, read=reading, progress=tell, dry_run=dry_run)
    if not (report.new or report.changed or report.unchanged or report.removed or report.refused):
        raise InputError(
            f"found no file to index in {', '.join(paths)}",
            hint="hidden and ignored files are left out unless --hidden and --no-ignore are given",
        )
    return report


def _add_standard_input(engine: SearchEngine, name: str, reading: ReadOptions) -> IndexReport:
    from searchkit.documents import read_text
    from searchkit.search import IndexReport

    started = time.monotonic()
    try:
        documents = read_text(sys.stdin.buffer.read(), name=name, options=reading)
    except DocumentRefusedError as error:
        hint = "--name tells the format by its ending, such as --name notes.md"
        raise InputError(f"standard input cannot be indexed: {error.message}", hint=hint) from error
    added = engine.add(documents)
    return IndexReport(
        new=added.documents - added.replaced,
        changed=added.replaced,
        unchanged=0,
        removed=0,
        refused=(),
        chunks_added=added.chunks_added,
        chunks_encoded=added.chunks_added,
        seconds=time.monotonic() - started,
    )


def _summary(report: IndexReport, state: IndexStatus | None, index: str | None) -> Facts:
    counts = {
        "new": report.new,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "refused": len(report.refused),
    }
    pairs = [("files", ", ".join(f"{number:,} {word}" for word, number in counts.items()))]
    if report.chunks_added:
        pairs.append(("chunks", f"{report.chunks_added:,} added, {report.chunks_encoded:,} of them encoded"))
    pairs.append(("time", time_words(report.seconds)))
    if state is not None:
        pairs.append(("index", f"{state.name}: {counted(state.chunks, 'chunk')} in {state.folder}"))
        pairs.append(("next", f'{of_index("searchkit query", index)} "what you want to know"'))
    return Facts("Nothing was changed: this was a dry run" if state is None else "Indexed", tuple(pairs))
