"""``searchkit status``, ``ls`` and ``show``: what is in an index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.failures import NOTHING_FOUND, say
from searchkit.cli.options import IndexOption, JsonObjectOption, JsonOption
from searchkit.cli.output import renderer
from searchkit.cli.wording import Facts, Table, of_index, size_words, when
from searchkit.errors import counted

if TYPE_CHECKING:
    from searchkit.search import DocumentInfo, IndexStatus, SourceInfo, StoredChunk


def status(index: IndexOption = None, as_json: JsonObjectOption = False) -> None:
    """Show what an index holds, and which encoder made it."""
    from searchkit.cli.session import open_engine

    with open_engine(index) as engine:
        state = engine.status()
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_lines([state])
    else:
        renderer().show_facts(_status_facts(state, index))


def _status_facts(state: IndexStatus, index: str | None) -> Facts:
    listed = of_index("searchkit ls --refused", index)
    refused = f", {state.refused:,} refused ({listed})" if state.refused else ""
    changes = [f"{state.tail:,} chunks newer than its file"] if state.tail else []
    changes += [f"{state.deleted:,} deleted"] if state.deleted else []
    is_here = "://" not in state.name
    files = [f"generation {state.generation}", *changes] if is_here else ["on the server"]
    search = f"{_kind_words(state)} ({', '.join(files)})"
    slower = f"{state.vectors_problem}; searches are slower until: {of_index('searchkit repair', index)}"
    problems = () if state.vectors_problem is None else (("problem", slower),)
    roots = [f"{root.prefix} = {root.location} ({counted(root.sources, 'file')})" for root in state.roots]
    updated = (("updated", when(state.updated_at) or "never"),) if is_here or state.updated_at else ()
    on_disk = (("size", size_words(state.size_bytes)), *updated, ("sources", "\n".join(roots) or "none"))
    return Facts(
        f"Index {state.name}",
        (
            ("index", state.name),
            *((("folder", str(state.folder)),) if is_here else ()),
            ("files", f"{state.sources:,}{refused}"),
            ("documents", f"{state.documents:,}"),
            ("chunks", f"{state.chunks:,}"),
            ("encoder", f"{state.encoder} ({state.dimension} dimensions, {state.max_tokens} tokens)"),
            ("search", search),
            *problems,
            *(on_disk if is_here else updated),
        ),
    )


def _kind_words(state: IndexStatus) -> str:
    """``exact``, or ``pq by auto, ann_recall@10 0.993 (asked: 0.99)``."""
    chosen = f"{state.index_kind} by auto" if state.index_plan == "auto" else state.index_kind
    if state.index_kind == "exact" or state.ann_recall_at_10 is None:
        return chosen
    return f"{chosen}, ann_recall@10 {state.ann_recall_at_10:.3f} (asked: {state.target_recall:g})"


def ls(
    path: Annotated[str | None, typer.Argument(metavar="[GLOB]", help="Only files whose path matches.")] = None,
    index: IndexOption = None,
    refused: Annotated[bool, typer.Option("--refused", help="Only files that could not be indexed, and why.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the files of the index.

    Exit code: 0 some, 1 none, 2 error.
    Piped, the columns are separated by tabs: path, documents, chunks, size, modified; note (why refused).
    """
    from searchkit.cli.session import open_engine

    with open_engine(index) as engine:
        sources = [source for source in engine.sources(path) if not refused or source.status == "refused"]
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_array(sources)
    elif sources:
        renderer().show_table(_source_table(sources))
    if not sources:
        say("no files")
        raise typer.Exit(NOTHING_FOUND)


def _source_table(sources: Iterable[SourceInfo]) -> Table:
    rows = tuple(
        (
            source.path,
            str(source.documents),
            str(source.chunks),
            size_words(source.size),
            when(source.modified),
            f"refused: {source.reason}" if source.status == "refused" else "",
        )
        for source in sources
    )
    columns = ("path", "documents", "chunks", "size", "modified", "note")
    table = Table("", columns, rows, frozenset({"documents", "chunks", "size"}), ("modified", "documents", "size"))
    return table if any(row[-1] for row in rows) else table.without("note")


def show(
    target: Annotated[str, typer.Argument(metavar="PATH_OR_ID", help="A file's path, or a document's id.")],
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a document's metadata and its chunks.

    That is how the index knows it; a file of many records has as many documents.
    """
    from searchkit.cli.session import open_engine, under_its_name

    with open_engine(index) as engine:
        documents = under_its_name(engine, target, engine.documents)
        chunks = [engine.chunks(document.doc_id) for document in documents]
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_array(map(_document_json, documents, chunks))
    else:
        for document, own in zip(documents, chunks, strict=True):
            _show_document(document, own)


def _document_json(document: DocumentInfo, chunks: Iterable[StoredChunk]) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(document), "chunks": [asdict(chunk) for chunk in chunks]}


def _show_document(document: DocumentInfo, chunks: Iterable[StoredChunk]) -> None:
    from searchkit.cli.jsonout import to_json

    pairs = [("id", document.doc_id), ("title", document.title), ("chunks", f"{document.chunks:,}")]
    pairs += [(name, value if isinstance(value, str) else to_json(value)) for name, value in document.metadata.items()]
    out = renderer()
    out.show_facts(Facts(document.title or document.doc_id, tuple(pairs)))
    for chunk in chunks:
        out.show_text(_chunk_heading(document, chunk), chunk.text)


def _chunk_heading(document: DocumentInfo, chunk: StoredChunk) -> str:
    lines = f":{chunk.line_start}-{chunk.line_end}" if chunk.line_start is not None else ""
    page = f"#page={chunk.page}" if chunk.page is not None else ""
    trail = " > ".join(chunk.heading_path)
    return f"chunk {chunk.chunk_id}  {document.path or document.doc_id}{lines or page}  {trail}"
