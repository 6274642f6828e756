"""What each tool takes and gives, as JSON Schema; the descriptions are read by language models, so they are short."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

LIMIT, MOST_HITS = 8, 50
CHARACTERS, LEAST_CHARACTERS, MOST_CHARACTERS = 8_000, 500, 40_000
MOST_OFFSET = 1_000
LONGEST_QUERY = 4_000
MOST_TEXTS = 32


def _object(properties: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _gives(properties: Schema) -> Schema:
    """New names may join those of an answer."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def _count(description: str, least: int, most: int, default: int | None = None) -> Schema:
    schema = {"type": "integer", "minimum": least, "maximum": most, "description": description}
    return schema if default is None else {**schema, "default": default}


def _maybe(kind: str) -> Schema:
    return {"type": [kind, "null"]}


_MAX_CHARS = _count("Characters of text in the answer.", LEAST_CHARACTERS, MOST_CHARACTERS, CHARACTERS)
_OFFSET = _count("Skip this many; next_offset of the answer before.", 0, MOST_OFFSET, 0)
_FILTERS: Schema = {
    "limit": _count("Hits wanted.", 1, MOST_HITS, LIMIT),
    "offset": _OFFSET,
    "path": _text("Only files whose path matches this glob, such as docs/**/*.md."),
    "where": _text("Only documents whose metadata match, such as: lang = 'en' and year >= 2020."),
    "since": _text("Only files modified since a date or within an age, such as 2026-05-31, 7d or 3m (months)."),
    "topic": {
        "type": "array",
        "items": {"type": ["string", "integer"]},
        "maxItems": MOST_TEXTS,
        "description": "Only chunks of these topics, by number or label; see list_topics.",
    },
    "min_score": {"type": "number", "minimum": -1, "maximum": 1, "description": "Least cosine similarity."},
    "group": {"enum": ["chunk", "document"], "description": "document: one hit a document."},
    "per_document": _count("At most so many hits of one document.", 1, MOST_HITS),
    "fold": {"type": "boolean", "description": "Fold near-copies under the best of them."},
    "diverse": {"type": "number", "minimum": 0, "maximum": 1, "description": "1 relevance alone, 0 novelty alone."},
    "context": _count("Show so many chunks before and after each hit.", 0, 5),
    "max_chars": _MAX_CHARS,
}
_CHUNK: Schema = {
    "id": {"type": "integer", "description": "Of the chunk; get and similar take it."},
    "line_start": _maybe("integer"),
    "line_end": _maybe("integer"),
    "page": _maybe("integer"),
    "heading": {"type": "string"},
    "text": {"type": "string"},
    "is_cut": {"type": "boolean", "description": "Whether max_chars cut the text."},
}
_NEXT = {**_maybe("integer"), "description": "The offset that goes on; null at the end."}
_HITS = _gives(
    {
        "hits": {
            "type": "array",
            "items": _gives(
                {
                    "rank": {"type": "integer"},
                    "score": {"type": "number", "description": "Cosine similarity."},
                    "doc_id": {"type": "string"},
                    "path": _maybe("string"),
                    "title": {"type": "string"},
                    "metadata": {"type": "object"},
                    **_CHUNK,
                }
            ),
        },
        "next_offset": _NEXT,
        "notes": {"type": "array", "items": {"type": "string"}},
    }
)

SEARCH_TAKES = _object(
    {
        "query": _text("What is looked for, in plain words or as a question.", minLength=1, maxLength=LONGEST_QUERY),
        "mode": {
            "enum": ["hybrid", "dense", "lexical"],
            "description": 'hybrid (default); dense: by meaning; lexical: by words, with "phrases" and -exclusions.',
        },
        "unlike": {
            "type": "array",
            "items": {"type": "string", "maxLength": LONGEST_QUERY},
            "maxItems": MOST_TEXTS,
            "description": "Hits should not be like these texts.",
        },
        **_FILTERS,
    },
    "query",
)
SIMILAR_TAKES = _object(
    {
        "id": _count("A chunk's id.", 1, 2**63 - 1),
        "document": _text("A document's doc_id, or a file's path."),
        "text": _text("A text that is not in the index.", minLength=1, maxLength=100_000),
        **_FILTERS,
    }
)
GET_TAKES = _object(
    {
        "document": _text("A document's doc_id, or a file's path."),
        "id": _count("Or a chunk's id: reading begins there.", 1, 2**63 - 1),
        "offset": _count("The chunk of the document to begin with; next_offset of the answer before.", 0, 2**31),
        "before": _count("With id: begin so many chunks earlier.", 0, 50),
        "max_chars": _MAX_CHARS,
    }
)
TOPICS_TAKES = _object(
    {"limit": _count("Topics wanted.", 1, 200, 50), "offset": _count("Skip this many.", 0, 2**31, 0)}
)
STATUS_TAKES = _object({})

HITS_GIVE = _HITS
GET_GIVES = _gives(
    {
        "doc_id": _maybe("string"),
        "path": _maybe("string"),
        "title": {"type": "string"},
        "metadata": {"type": "object"},
        "chunk_count": {"type": "integer"},
        "chunks": {"type": "array", "items": _gives({"position": {"type": "integer"}, **_CHUNK})},
        "documents": {"type": "array", "items": {"type": "string"}, "description": "Of a file that holds several."},
        "next_offset": _NEXT,
    }
)
TOPICS_GIVE = _gives(
    {
        "topics": {
            "type": "array",
            "items": _gives(
                {
                    "number": {"type": "integer"},
                    "label": {"type": "string"},
                    "phrases": {"type": "array", "items": {"type": "string"}},
                    "chunks": {"type": "integer"},
                }
            ),
        },
        "next_offset": _NEXT,
    }
)
STATUS_GIVES = _gives(
    {
        "name": {"type": "string"},
        "files": _maybe("integer"),
        "documents": _maybe("integer"),
        "chunks": {"type": "integer"},
        "folders": {"type": "array", "items": {"type": "string"}},
        "encoder": {"type": "string"},
        "updated_at": _maybe("string"),
        "restricted_to": {"type": "array", "items": {"type": "string"}},
    }
)
