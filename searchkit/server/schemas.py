"""The shapes of answers, as JSON Schema; a test compares them with real answers."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from searchkit.search.asking.answers import Answer
from searchkit.search.reports import AddReport, DocumentInfo, IndexStatus, StoredChunk

Schema = dict[str, Any]


def _object(properties: dict[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _named(kind: type, known: dict[str, Schema], *, without: tuple[str, ...] = ()) -> Schema:
    """An object with the fields of a dataclass; of those not in ``known`` only the names are said."""
    return _object({field.name: known.get(field.name, {}) for field in fields(kind) if field.name not in without})


_TEXT, _WHOLE, _NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
_TEXT_OR_NULL, _WHOLE_OR_NULL = {"type": ["string", "null"]}, {"type": ["integer", "null"]}
_NUMBER_OR_NULL, _MAPPING = {"type": ["number", "null"]}, {"type": "object"}
_PLACE = {"line_start": _WHOLE_OR_NULL, "line_end": _WHOLE_OR_NULL, "page": _WHOLE_OR_NULL}

SCHEMAS: dict[str, Schema] = {
    "Object": _MAPPING,
    "Error": _object({"error": _object({"message": _TEXT, "hint": _TEXT})}),
    "Hit": _object(
        {
            "rank": _WHOLE,
            "score": _NUMBER,
            "percentile": _NUMBER_OR_NULL,
            "id": _WHOLE,
            "doc_id": _TEXT,
            "path": _TEXT_OR_NULL,
            **_PLACE,
            "title": _TEXT,
            "heading_path": _list(_TEXT),
            "snippet": _TEXT,
            "text": _TEXT,
            "metadata": _MAPPING,
            "alike": _list(_WHOLE),
            "others": _list(_object({"id": _WHOLE, **_PLACE})),
            "context_before": _TEXT_OR_NULL,
            "context_after": _TEXT_OR_NULL,
            "explanation": {"type": ["object", "null"]},
        }
    ),
    "Answer": _object(
        {
            "query": _TEXT,
            **_named(Answer, {}, without=("hits", "plan"))["properties"],
            "hits": _list(_reference("Hit")),
        }
    ),
    "Likes": _object({"id": _TEXT, "hits": _list(_reference("Hit"))}),
    "Document": _named(DocumentInfo, {"doc_id": _TEXT, "path": _TEXT_OR_NULL, "metadata": _MAPPING}),
    "Documents": _object({"documents": _list(_reference("Document"))}),
    "Chunk": _named(StoredChunk, {"chunk_id": _WHOLE, "doc_id": _TEXT, "text": _TEXT, **_PLACE}),
    "DocumentChunks": _object(
        {
            "documents": _list(
                _named(DocumentInfo, {"doc_id": _TEXT, "chunks": _list(_reference("Chunk"))})
                | {"description": "`total` counts the chunks of the document; `chunks` is a page of them."}
            )
        }
    ),
    "Added": _named(AddReport, dict.fromkeys(("documents", "replaced", "chunks_added"), _WHOLE)),
    "Deleted": _object({"deleted": _WHOLE}),
    "Embeddings": _object(
        {
            "object": _TEXT,
            "data": _list(
                _object(
                    {
                        "object": _TEXT,
                        "index": _WHOLE,
                        "embedding": {"anyOf": [_list(_NUMBER), {"type": "string", "contentEncoding": "base64"}]},
                    }
                )
            ),
            "model": _TEXT,
            "usage": _object({"prompt_tokens": _WHOLE, "total_tokens": _WHOLE}),
        }
    ),
    "Status": _named(IndexStatus, {"documents": _WHOLE, "chunks": _WHOLE}, without=("folder",)),
    "Topics": _object(
        {
            "topics": _list(
                _object(
                    {
                        "number": _WHOLE,
                        "label": _TEXT,
                        "phrases": _list(_TEXT),
                        "size": _WHOLE,
                        "central": _list(_MAPPING),
                    }
                )
            )
        }
    ),
    "Health": _object({"status": _TEXT, "version": _TEXT}),
}
