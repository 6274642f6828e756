"""Small files of every format, made here, and a short way to read them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence

from searchkit.documents import ReadOptions, read_text
from searchkit.types import Block, BlockKind, Document


def documents(content: str | bytes, name: str, **options: object) -> list[Document]:
    return read_text(content, name=name, options=ReadOptions(**options))  # type: ignore[arg-type]


def document(content: str | bytes, name: str, **options: object) -> Document:
    (only,) = documents(content, name, **options)
    return only


def outline(found: Document) -> list[tuple[int, str]]:
    return [(block.level, block.title) for block in found.blocks if block.kind is BlockKind.HEADING]


def pieces(found: Document, kind: BlockKind) -> list[str]:
    return [text_of(found, block) for block in found.blocks if block.kind is kind]


def text_of(found: Document, block: Block) -> str:
    return found.text[block.start : block.end]


def check_blocks(found: Document) -> None:
    """Blocks are in order, do not overlap, hold something and lie within the text."""
    end = 0
    for block in found.blocks:
        assert end <= block.start < block.end <= len(found.text)
        assert text_of(found, block).strip()
        assert (block.kind is BlockKind.HEADING) == (block.level > 0)
        assert "\n" not in block.title
        end = block.end
    assert list(found.page_starts) == sorted(found.page_starts)
    found.text.encode("utf-8")


def archive(members: Mapping[str, str | bytes], *, compress: bool = True) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return stream.getvalue()


WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def docx(body: str, *, styles: str = "", core: str = "", **more: str) -> bytes:
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f"<w:document {WORD}><w:body>{body}</w:body></w:document>",
    }
    if styles:
        members["word/styles.xml"] = f"<w:styles {WORD}>{styles}</w:styles>"
    if core:
        members["docProps/core.xml"] = f'<cp:core xmlns:cp="c" xmlns:dc="d">{core}</cp:core>'
    return archive({**members, **more})


def paragraph(text: str, *, style: str = "", properties: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def epub(chapters: Mapping[str, str], *, spine: Sequence[str] | None = None, about: str = "") -> bytes:
    items = "".join(
        f'<item id="{name}" href="text/{name}.xhtml" media-type="application/xhtml+xml"/>' for name in chapters
    )
    order = "".join(f'<itemref idref="{name}"/>' for name in (spine or list(chapters)))
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfile full-path="OPS/book.opf"/></container>',
            "OPS/book.opf": f'<package xmlns:dc="d"><metadata>{about}</metadata><manifest>{items}</manifest>'
            f"<spine>{order}</spine></package>",
            **{f"OPS/text/{name}.xhtml": f"<html><body>{body}</body></html>" for name, body in chapters.items()},
        }
    )


def pdf(pages: Sequence[str], *, title: str = "", marks: Sequence[tuple[str, int]] = (), trailer: str = "") -> bytes:
    """A PDF with a line of text per line of each page; ``marks`` are outline entries with their pages."""
    count = len(pages)
    first_mark = 4 + 2 * count
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(count))
    outlines = f"/Outlines {first_mark} 0 R" if marks else ""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {outlines} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for at, page in enumerate(pages):
        drawn = " ".join(f"({line}) Tj 0 -16 Td" for line in page.split("\n"))
        stream = f"BT /F1 12 Tf 72 720 Td {drawn} ET"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * at} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    if marks:
        last = first_mark + len(marks)
        objects.append(f"<< /First {first_mark + 1} 0 R /Last {last} 0 R /Count {len(marks)} >>")
        for at, (words, page) in enumerate(marks, start=first_mark + 1):
            following = f"/Next {at + 1} 0 R" if at < last else ""
            objects.append(
                f"<< /Title ({words}) /Parent {first_mark} 0 R {following} /Dest [{4 + 2 * page} 0 R /Fit] >>"
            )
    objects.append(f"<< /Title ({title}) /Author (A. Writer) >>")
    return _assembled(objects, trailer)


def _assembled(objects: Sequence[str], trailer: str) -> bytes:
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R "
        f"/Info {len(objects)} 0 R {trailer} >>\nstartxref\n{len(body)}\n%%EOF\n"
    )
    return body + end.encode("latin-1")


SAMPLES = {
    ".md": b"---\ntitle: T\ntags: [a, b]\n---\n# One\n\n- x\n\n```py\ny\n```\n\nTwo\n---\n> q\n",
    ".rst": b"===\nOne\n===\n\n:Author: x\n\nText::\n\n    code\n\nTwo\n---\n\n.. code:: py\n\n   x\n",
    ".html": b"<html><body><main><h1>One</h1><p>x<ul><li>y<pre>z</pre><table><tr><td>a</table></main>",
    ".py": b'"""Doc."""\n\n@a\nclass A:\n    def f(self):\n        return """x"""\n\nX = 1\n',
    ".c": b"#include <x.h>\n\nint f(int a) {\n  return a;\n}\n",
    ".csv": b'name,text\na,"x\ny"\nb,z\n',
    ".json": b'[{"text": "x", "n": 1}, {"text": "y"}]',
    ".jsonl": b'{"text": "x"}\n{"text": "y"}\n',
    ".ipynb": json.dumps({"cells": [{"cell_type": "markdown", "source": ["# T\n", "x"]}]}).encode(),
    ".txt": "caf\xe9 au lait\r\nmore".encode("latin-1"),
    ".docx": docx(paragraph("One", style="Heading1") + paragraph("x")),
    ".epub": epub({"a": "<h1>One</h1><p>x</p>"}),
    ".pdf": pdf(["One\nx"], marks=[("One", 0)]),
}
