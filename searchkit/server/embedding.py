"""``/v1/embeddings``: the encoder of the index, in the shape of OpenAI's call, so that existing clients work."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from searchkit.errors import InputError
from searchkit.server.failures import to_json
from searchkit.server.operations import Operation
from searchkit.server.parameters import LONGEST_TEXT, Kind, Parameter, Parameters
from searchkit.server.site import Site

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.types import Rows

MOST_TEXTS = 2048  # as OpenAI's
LONGEST_PASSAGE = 200_000  # characters, of which an encoder reads the beginning


async def embed(site: Site, _: Request, said: dict[str, Any]) -> Response:
    """A unit row for each text."""
    given = said["input"]
    texts = [given] if isinstance(given, str) else list(given)
    if not texts or not all(text.strip() for text in texts):
        raise InputError("input holds an empty text, or none", hint="give one text, or a list of them")
    form = said.get("encoding_format", "float")

    def work() -> bytes:
        from searchkit.encoder.tokenization import without_surrogates

        encoder = site.engine.encoder
        encode = encoder.encode_queries if said.get("input_type") == "query" else encoder.encode_passages
        sound = list(map(without_surrogates, texts))
        return _answer(encoder, sound, _cut(encode(sound), said.get("dimensions")), form)

    return Response(await site.searches.run(work), media_type="application/json")


def _cut(rows: Rows, dimensions: int | None) -> Rows:
    """The leading columns, as unit rows again."""
    if dimensions is None or dimensions == rows.shape[1]:
        return rows
    if dimensions > rows.shape[1]:
        raise InputError(f"dimensions is {dimensions}; the encoder has {rows.shape[1]}")
    cut = rows[:, :dimensions]
    lengths = np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), 1e-12)
    return np.asarray(cut / lengths, np.float32)


def _answer(encoder: Encoder, texts: list[str], rows: Rows, form: str) -> bytes:
    tokens = sum(min(len(encoding.ids), encoder.max_tokens) for encoding in encoder.tokenizer.encode_batch_fast(texts))
    data = [{"object": "embedding", "index": i, "embedding": _written(row, form)} for i, row in enumerate(rows)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return to_json({"object": "list", "data": data, "model": encoder.name, "usage": usage})


def _written(row: Rows, form: str) -> str | list[float]:
    if form == "base64":
        return base64.b64encode(row.astype("<f4").tobytes()).decode("ascii")
    numbers: list[float] = row.astype(float).tolist()
    return numbers


_PARAMETERS = Parameters(
    Parameter(
        "input",
        Kind.TEXT_OR_TEXTS,
        "One text, or a list of them.",
        most=MOST_TEXTS,
        longest=LONGEST_PASSAGE,
        required=True,
        says_something=True,
    ),
    Parameter("model", Kind.TEXT, "Any name: there is one encoder, that of the index.", most=LONGEST_TEXT),
    Parameter("encoding_format", Kind.TEXT, "How numbers are written.", ("float", "base64"), default="float"),
    Parameter("dimensions", Kind.WHOLE, "Keep so many leading columns, as unit rows.", least=1, most=1 << 16),
    Parameter("user", Kind.TEXT, "Not used.", most=LONGEST_TEXT),
    Parameter("input_type", Kind.TEXT, "What the texts are to the encoder.", ("passage", "query"), default="passage"),
)
_MEANING = "The encoder's unit vectors, in the shape of OpenAI's embeddings."
OPERATIONS = tuple(
    Operation("POST", path, embed, _MEANING, _PARAMETERS, in_body=True, gives="Embeddings")
    for path in ("/v1/embeddings", "/embed")
)
