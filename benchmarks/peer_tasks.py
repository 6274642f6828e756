"""One task of one peer, as its own documentation does it; `peers.py` runs this with the peer's own interpreter.

    PYTHON peer_tasks.py PEER index|query|warm CHECKPOINT STORE PASSAGES QUESTIONS

``index`` makes STORE of the texts in PASSAGES (a JSON list), ``query`` opens it and asks the first question, ``warm``
asks all of them in one process and prints the milliseconds of each as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

K = 10
Ask = Callable[[str], Any]


class SentenceTransformers:
    """The script that most people write: a flat FAISS index beside a list of texts."""

    def index(self, checkpoint: str, store: Path, texts: list[str]) -> None:
        import faiss
        from sentence_transformers import SentenceTransformer

        rows = SentenceTransformer(checkpoint).encode(texts, normalize_embeddings=True)
        index = faiss.IndexFlatIP(rows.shape[1])
        index.add(rows)
        faiss.write_index(index, str(store / "flat.faiss"))
        (store / "texts.json").write_text(json.dumps(texts))

    def opened(self, checkpoint: str, store: Path) -> Ask:
        import faiss
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(checkpoint)
        index = faiss.read_index(str(store / "flat.faiss"))
        texts = json.loads((store / "texts.json").read_text())

        def ask(question: str) -> list[str]:
            _, ids = index.search(model.encode([question], normalize_embeddings=True), K)
            return [texts[number] for number in ids[0]]

        return ask


class Txtai:
    def index(self, checkpoint: str, store: Path, texts: list[str]) -> None:
        from txtai import Embeddings

        embeddings = Embeddings(path=checkpoint, content=True)
        embeddings.index(texts)
        embeddings.save(str(store / "index"))

    def opened(self, checkpoint: str, store: Path) -> Ask:  # noqa: ARG002 - its index names the checkpoint
        from txtai import Embeddings

        embeddings = Embeddings()
        embeddings.load(str(store / "index"))
        return lambda question: embeddings.search(question, K)


class Chroma:
    def index(self, checkpoint: str, store: Path, texts: list[str]) -> None:
        collection = self._collection(checkpoint, store)
        for start in range(0, len(texts), 1000):
            part = texts[start : start + 1000]
            collection.add(ids=[str(start + place) for place in range(len(part))], documents=part)

    def opened(self, checkpoint: str, store: Path) -> Ask:
        collection = self._collection(checkpoint, store)
        return lambda question: collection.query(query_texts=[question], n_results=K)

    def _collection(self, checkpoint: str, store: Path) -> Any:
        import chromadb
        from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction

        client = chromadb.PersistentClient(str(store))
        function = SentenceTransformerEmbeddingFunction(model_name=checkpoint, normalize_embeddings=True)
        return client.get_or_create_collection(
            "passages", embedding_function=function, metadata={"hnsw:space": "cosine"}
        )


class Llm:
    """Its Python interface; `llm embed-multi` and `llm similar` are the same calls."""

    def index(self, checkpoint: str, store: Path, texts: list[str]) -> None:
        entries = ((str(number), text) for number, text in enumerate(texts))
        self._collection(checkpoint, store).embed_multi(entries, store=True, batch_size=1000)

    def opened(self, checkpoint: str, store: Path) -> Ask:
        collection = self._collection(checkpoint, store)
        return lambda question: collection.similar(question, number=K)

    def _collection(self, checkpoint: str, store: Path) -> Any:
        import llm
        import sqlite_utils
        from llm_sentence_transformers import SentenceTransformerModel

        model = SentenceTransformerModel(f"sentence-transformers/{checkpoint}", checkpoint, trust_remote_code=False)
        return llm.Collection("passages", sqlite_utils.Database(store / "llm.db"), model=model)


class Lancedb:
    def index(self, checkpoint: str, store: Path, texts: list[str]) -> None:
        import lancedb
        from sentence_transformers import SentenceTransformer

        rows = SentenceTransformer(checkpoint).encode(texts, normalize_embeddings=True)
        data = [{"text": text, "vector": row} for text, row in zip(texts, rows, strict=True)]
        lancedb.connect(str(store)).create_table("passages", data)

    def opened(self, checkpoint: str, store: Path) -> Ask:
        import lancedb
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(checkpoint)
        table = lancedb.connect(str(store)).open_table("passages")
        return lambda question: table.search(model.encode(question, normalize_embeddings=True)).limit(K).to_list()


class Searchkit:
    def opened(self, checkpoint: str, store: Path) -> Ask:  # noqa: ARG002 - its index names the checkpoint
        from searchkit import SearchEngine

        engine = SearchEngine.open(store)
        return lambda question: engine.search(question, K)


PEERS: dict[str, Any] = {
    "searchkit": Searchkit(),
    "sentence-transformers": SentenceTransformers(),
    "txtai": Txtai(),
    "chroma": Chroma(),
    "llm": Llm(),
    "lancedb": Lancedb(),
}


def main() -> None:
    name, task, checkpoint, store, passages, questions = sys.argv[1:]
    peer, folder = PEERS[name], Path(store)
    if task == "index":
        folder.mkdir(parents=True)
        peer.index(checkpoint, folder, json.loads(Path(passages).read_text()))
        return
    ask = peer.opened(checkpoint, folder)
    asked = json.loads(Path(questions).read_text())
    if task == "query":
        print(ask(asked[0]))
    else:
        print(json.dumps([spent(ask, question) for question in asked]))


def spent(ask: Ask, question: str) -> float:
    began = time.perf_counter()
    ask(question)
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
