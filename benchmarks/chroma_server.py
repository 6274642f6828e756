"""Chroma's server over the same texts, vectors and checkpoint, and the load on it; benchmarks/server_peers.py uses it.

    python benchmarks/chroma_server.py build --passages FILE --rows FILE --work FOLDER
    python benchmarks/chroma_server.py load  --model FOLDER --queries FILE --port PORT --seconds 10 --skip 0

In an environment of its own with ``chromadb``. Its server takes vectors, so the client encodes, as Chroma's own client
does: one process with a thread for each connection, and the model's own graph by ONNX Runtime. Chroma's default
embedding function pads every text to 256 tokens; here nothing is padded.
The collection is what Chroma makes by default (HNSW), with cosine as its distance.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CONNECTIONS = 32
NAME, AT_ONCE, K = "passages", 5000, 10
MOST_TOKENS = 256


def build(options: argparse.Namespace) -> None:
    """The collection, from rows that are known."""
    import chromadb
    import numpy as np

    rows = np.load(options.rows, mmap_mode="r")
    with options.passages.open(encoding="utf-8") as lines:
        passages = [json.loads(line) for line in lines]
    made = chromadb.PersistentClient(str(options.work)).create_collection(
        NAME, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
    )
    for first in range(0, len(passages), AT_ONCE):
        some = passages[first : first + AT_ONCE]
        made.add(
            ids=[one["id"] for one in some],
            documents=[one["text"] for one in some],
            embeddings=np.asarray(rows[first : first + len(some)], np.float32),
        )


def encoder(folder: Path) -> Callable[[str], Any]:
    """A text to its row (D,), by ``model.onnx`` and ``tokenizer.json`` of a checkpoint."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1  # the threads of the connections keep the processors busy
    graph = onnxruntime.InferenceSession(str(folder / "model.onnx"), settings, ["CPUExecutionProvider"])

    def encode(text: str) -> Any:
        found = tokenizer.encode(text)
        given = {"input_ids": np.array([found.ids]), "attention_mask": np.array([found.attention_mask])}
        return graph.run(None, given)[0][0]

    return encode


def load(options: argparse.Namespace) -> None:
    """Ask as fast as answers come, and print what came of it."""
    import chromadb

    encode = encoder(options.model)
    questions = options.queries.read_text(encoding="utf-8").splitlines()
    turn: Iterator[str] = iter([questions[(options.skip + i) % len(questions)] for i in range(200_000)])
    guard, latencies, errors = threading.Lock(), [], [0]
    connected = [  # takes a client many requests: before the clock starts
        chromadb.HttpClient(port=options.port).get_collection(NAME, embedding_function=None) for _ in range(CONNECTIONS)
    ]
    until = time.perf_counter() + options.seconds

    def one_connection(collection: Any) -> None:
        while (began := time.perf_counter()) < until:
            with guard:
                question = next(turn)
            try:
                found = collection.query(query_embeddings=[encode(question)], n_results=K)
                is_whole = len(found["ids"][0]) == K and all(found["documents"][0])
            except Exception:  # whatever it is, it is no answer
                is_whole = False
            with guard:
                latencies.append(time.perf_counter() - began)
                errors[0] += not is_whole

    threads = [threading.Thread(target=one_connection, args=[one]) for one in connected]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = max(options.seconds, time.perf_counter() - began)
    print(json.dumps({"seconds": seconds, "latencies": latencies, "errors": errors[0]}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=["build", "load"])
    for name in ("--passages", "--rows", "--work", "--model", "--queries"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--port", type=int, default=8781)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--skip", type=int, default=0)
    options = parser.parse_args()
    (build if options.do == "build" else load)(options)


if __name__ == "__main__":
    main()
