"""Answers as text, for those who read no structured output: the same facts, in fewer signs."""

from __future__ import annotations

from typing import Any

Answer = dict[str, Any]


def hits_text(answer: Answer) -> str:
    """Each hit with its place, and where to go on."""
    parts = [f"note: {note}" for note in answer["notes"]]
    for hit in answer["hits"]:
        score = f"{hit['rank']}. {_place(hit)} (id {hit['id']}, score {hit['score']:.2f})"
        parts.append("\n".join(filter(None, (score, _title(hit), _body(hit)))))
    if not answer["hits"]:
        parts.append("no hits")
    return "\n\n".join([*parts, *_more(answer)])


def document_text(answer: Answer) -> str:
    """A document's chunks one after the other, or the names of the documents of a file."""
    if answer["documents"]:
        return "\n".join([f"{answer['path']} holds several documents:", *answer["documents"], *_more(answer)])
    head = f"{answer['doc_id']}: {answer['title']} ({answer['chunk_count']} chunks)"
    parts = [
        f"[{chunk['position']}] {_place({**answer, **chunk})} (id {chunk['id']})\n{_body(chunk)}"
        for chunk in answer["chunks"]
    ]
    return "\n\n".join([head, *parts, *_more(answer)])


def topics_text(answer: Answer) -> str:
    """A topic a line."""
    rows = [
        f"{topic['number']}. {topic['label']} ({topic['chunks']} chunks): {', '.join(topic['phrases'])}"
        for topic in answer["topics"]
    ]
    return "\n".join([*(rows or ["no topics"]), *_more(answer)])


def status_text(answer: Answer) -> str:
    """A fact a line."""
    return "\n".join(f"{name}: {_plain(value)}" for name, value in answer.items() if value not in (None, []))


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _place(record: Answer) -> str:
    place = record["path"] or record["doc_id"]
    if record["line_start"] is not None:
        return f"{place}:{record['line_start']}-{record['line_end']}"
    return place if record["page"] is None else f"{place} page {record['page']}"


def _title(hit: Answer) -> str:
    return " > ".join(dict.fromkeys(filter(None, (hit["title"], hit["heading"]))))


def _body(record: Answer) -> str:
    text: str = record["text"]
    return f"{text}\n[cut; get with id {record['id']} and more max_chars shows the rest]" if record["is_cut"] else text


def _more(answer: Answer) -> list[str]:
    following = answer["next_offset"]
    return [] if following is None else [f"more with offset {following}"]
