"""Late interaction with the engine's own encoder, and best sentences, as a second look at the first 50 candidates.

    python benchmarks/rerank.py [--data FOLDER] [--cache FOLDER] [--only cacm med]

MaxSim is the mean over the query's tokens of the closest token of the passage (Khattab, Zaharia 2020, "ColBERT",
https://arxiv.org/abs/2004.12832), with token vectors of the bundled encoder, which was trained for none of it. The best
sentence is the highest cosine of the query with a sentence of the passage. Each is added to the score of the hybrid
search with several weights, and MaxSim also stands alone. Nothing is kept of a passage beforehand, so a query pays for
encoding 50 of them; that time is measured with the engine's own runtime on `TIMED` queries a collection, and is the
same, but for the comparison itself, for both.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from common import RESULTS, ROOT, median, write_result
from hybrid import index_of

from searchkit.chunking import passage_text, sentence_spans
from searchkit.encoder import bundled_folder, load_encoder
from searchkit.evaluation import RetrievalSet, ndcg, paired_bootstrap, read_retrieval_set
from searchkit.types import Chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.encoder import SentenceEncoder
    from searchkit.types import Hit, Rows

MOST_QUERIES = 40
CANDIDATES = 50
WEIGHTS = (0.25, 0.5, 1.0)
VERDICT = (
    "MaxSim is not kept. It was to be on by default if it raised nDCG@10 within 30 ms a query, and to raise it by 3 % "
    "where it is on; encoding 50 passages takes about a hundred times as long. A cross-encoder, which was trained "
    "to judge pairs, is asked for in the same time by `--rerank`."
)
TIMED = 5
TOKENS_AT_ONCE = 2_048


@dataclass(frozen=True, eq=False, slots=True)
class Query:
    """One query, its candidates, and what each method says of them (n,)."""

    relevance: dict[str, int]
    hits: list[Hit]
    fused: NDArray[np.float64]
    max_sim: NDArray[np.float64]
    sentence: NDArray[np.float64]

    def ndcg(self, scores: NDArray[np.float64]) -> float:
        order = np.argsort(-scores, kind="stable")
        return ndcg(list(dict.fromkeys(self.hits[place].doc_id for place in order)), self.relevance, 10)


class TokenEncoder:
    """Unit vectors (T, D) of the tokens of a text, special ones left out; each text is encoded once."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        import torch
        from transformers import AutoModel

        torch.set_num_threads(1)
        self._model = AutoModel.from_pretrained(bundled_folder(), dtype=torch.float32).eval()
        self._tokenizer = encoder.tokenizer
        self._tokenizer.enable_truncation(encoder.max_tokens)
        self._known: dict[str, NDArray[np.float16]] = {}

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.float16]]:
        fresh = list(dict.fromkeys(text for text in texts if text not in self._known))
        fresh.sort(key=len)
        while fresh:
            longest = len(self._tokenizer.encode(fresh[-1]).ids)
            batch = [fresh.pop() for _ in range(min(len(fresh), max(1, TOKENS_AT_ONCE // longest)))]
            self._known.update(zip(batch, self._rows(batch), strict=True))
        return [self._known[text] for text in texts]

    def _rows(self, texts: Sequence[str]) -> list[NDArray[np.float16]]:
        import torch

        found = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        ids = torch.zeros((len(found), max(map(len, found))), dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for row, own in enumerate(found):
            ids[row, : len(own)], mask[row, : len(own)] = torch.tensor(own), 1
        with torch.inference_mode():
            states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
            states = torch.nn.functional.normalize(states, dim=-1).half().numpy()
        return [states[row, 1 : max(2, len(own) - 1)].copy() for row, own in enumerate(found)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--only", nargs="*", help="collections; default: all")
    options = parser.parse_args()
    names = [folder.name.removeprefix("ir_") for folder in sorted(options.data.glob("ir_*"))]
    encoder = load_encoder(threads=1)
    values: dict[str, dict[str, NDArray[np.float64]]] = {}
    times: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.only or names:
            collection = sampled(read_retrieval_set(options.data / f"ir_{name}"))
            queries, times[name] = looked_at(collection, encoder, options.cache or Path(scratch))
            values[name] = {method: scores_of(method, queries) for method in methods()}
            print(name, {m: round(100 * float(v.mean()), 2) for m, v in values[name].items()}, times[name], flush=True)
    text = f"{explained(encoder)}\n\n{table(values)}\n\n{costs(times)}\n\n{VERDICT}"
    write_result("rerank", "A second look with the engine's own encoder", text, "onnxruntime", "torch", "transformers")
    means = {name: {m: 100 * float(v.mean()) for m, v in found.items()} for name, found in values.items()}
    facts = {"encoder": encoder.name, "nDCG@10": means, "ms a query": times}
    (RESULTS / "rerank.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def sampled(collection: RetrievalSet) -> RetrievalSet:
    if len(collection.queries) <= MOST_QUERIES:
        return collection
    return replace(collection, queries=tuple(random.Random(0).sample(collection.queries, MOST_QUERIES)))


def looked_at(collection: RetrievalSet, encoder: SentenceEncoder, cache: Path) -> tuple[list[Query], float]:
    """The queries with all scores, and the median core milliseconds that encoding the passages of one takes."""
    tokens = TokenEncoder(encoder)
    queries, spent = [], []
    sentences: dict[str, Rows] = {}
    with index_of(collection, encoder, cache) as engine:
        for number, query in enumerate(collection.queries):
            hits = engine.search(query.text, CANDIDATES, explain=True)
            passages = [passage_of(hit) for hit in hits]
            if number < TIMED:
                began = time.process_time()
                encoder.encode_passages(passages)
                spent.append(1000 * (time.process_time() - began))
            (asked,) = tokens.encode([query.text])
            vector = encoder.encode_queries([query.text])[0]
            queries.append(
                Query(
                    dict(collection.qrels[query.query_id]),
                    hits,
                    np.array([hit.explanation.fused.score for hit in hits if hit.explanation is not None]),
                    np.array([max_sim(asked, rows) for rows in tokens.encode(passages)]),
                    np.array([float((rows_of(sentences, encoder, hit) @ vector).max()) for hit in hits]),
                )
            )
    return queries, median(spent)


def passage_of(hit: Hit) -> str:
    return passage_text(hit.title, Chunk(hit.text, hit.start, hit.end, 1, 1, hit.heading_path))


def max_sim(query: NDArray[Any], passage: NDArray[Any]) -> float:
    return float((query.astype(np.float32) @ passage.astype(np.float32).T).max(axis=1).mean())


def rows_of(known: dict[str, Rows], encoder: SentenceEncoder, hit: Hit) -> Rows:
    if hit.text not in known:
        spans = sentence_spans(hit.text) or [(0, len(hit.text))]
        known[hit.text] = encoder.encode_passages([hit.text[start:end] for start, end in spans])
    return known[hit.text]


def methods() -> list[str]:
    added = [f"hybrid + {weight:g} {what}" for what in ("MaxSim", "best sentence") for weight in WEIGHTS]
    return ["hybrid", "MaxSim alone", *added]


def scores_of(method: str, queries: Sequence[Query]) -> NDArray[np.float64]:
    def scores(query: Query) -> NDArray[np.float64]:
        if method == "hybrid":
            return query.fused
        if method == "MaxSim alone":
            return query.max_sim
        _, _, weight, what = method.split(maxsplit=3)
        return query.fused + float(weight) * (query.max_sim if what == "MaxSim" else query.sentence)

    return np.array([query.ndcg(scores(query)) for query in queries])


def explained(encoder: SentenceEncoder) -> str:
    return (
        f"nDCG@10 x 100 with {encoder.name}, at most {MOST_QUERIES} queries a collection. In brackets: the difference "
        "to hybrid as it ships, with the 95 % interval of a paired bootstrap over the queries."
    )


def table(values: dict[str, dict[str, NDArray[np.float64]]]) -> str:
    lines = [f"| method | {' | '.join(values)} | mean |", f"|{'---|' * (len(values) + 2)}"]
    for method in methods():
        cells = [cell(found["hybrid"], found[method]) for found in values.values()]
        mean = 100 * float(np.mean([found[method].mean() for found in values.values()]))
        lines.append(f"| {method} | {' | '.join(cells)} | {mean:.2f} |")
    return "\n".join(lines)


def cell(before: NDArray[np.float64], after: NDArray[np.float64]) -> str:
    found = paired_bootstrap(before, after)
    if not found.difference:
        return f"{100 * found.after:.2f}"
    return f"{100 * found.after:.2f} ({100 * found.difference:+.2f}, {100 * found.low:+.2f} to {100 * found.high:+.2f})"


def costs(times: dict[str, float]) -> str:
    lines = [f"| | {' | '.join(times)} |", f"|{'---|' * (len(times) + 1)}"]
    lines.append(
        f"| core ms a query, encoding {CANDIDATES} passages | {' | '.join(f'{ms:.0f}' for ms in times.values())} |"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
