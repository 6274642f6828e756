"""``searchkit backup``, ``restore`` and ``compact``: copies of an index, and no more bytes than it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.options import IndexOption, WaitOption
from searchkit.cli.output import renderer
from searchkit.cli.progress import progress_bar
from searchkit.cli.wording import Facts, size_words, time_words, when
from searchkit.errors import counted

if TYPE_CHECKING:
    from searchkit.search.upkeep.health import CopyReport

OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace an index that is there already.")]


def backup(
    place: Annotated[str, typer.Argument(metavar="DEST", help="The folder to be made.")],
    index: IndexOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Copy an index as it is now, also while it is written to.

    DEST appears when all of it is there, and is an index itself: `searchkit query --index DEST`.
    """
    from searchkit.search import backup_index
    from searchkit.settings import load_settings

    settings = load_settings(overrides={"index": index})
    with progress_bar() as tell:
        report = backup_index(place, settings.index, overwrite=overwrite, progress=tell)
    renderer().show_facts(_facts("Copied", report))


def restore(
    source: Annotated[str, typer.Argument(metavar="SRC", help="The folder of a backup.")],
    index: IndexOption = None,
    overwrite: OverwriteOption = False,
    wait: WaitOption = 0,
) -> None:
    """Put a backup in the place of an index.

    SRC is looked over first and stays as it is. Without --index it becomes the default index.
    """
    from searchkit.search import restore_index
    from searchkit.settings import load_settings

    settings = load_settings(overrides={"index": index})
    with progress_bar() as tell:
        report = restore_index(source, settings.index, overwrite=overwrite, progress=tell, wait_s=wait)
    renderer().show_facts(_facts("Restored", report))


def compact(index: IndexOption = None, wait: WaitOption = 0) -> None:
    """Put in order what many small changes leave behind.

    The newest chunks go into the vectors file, the words are merged, and unused room is given back.
    """
    from searchkit.cli.session import open_engine

    with open_engine(index, wait_s=wait) as engine:
        freed = engine.compact()
        state = engine.status()
    typer.echo(f"{counted(state.chunks, 'chunk')} in {size_words(state.size_bytes)}; {size_words(freed)} became free")


def _facts(title: str, report: CopyReport) -> Facts:
    held = (
        f"{counted(report.documents, 'document')}, {counted(report.chunks, 'chunk')}, {size_words(report.size_bytes)}"
    )
    return Facts(
        title,
        (
            ("index", str(report.folder)),
            ("holds", held),
            ("as of", when(report.updated_at) or "never"),
            ("time", time_words(report.seconds)),
        ),
    )
