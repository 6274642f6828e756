"""txtai's server over the same texts, vectors and checkpoint, to put benchmarks/server.py's load on it.

    python benchmarks/txtai_server.py --passages FILE --rows FILE --model FOLDER --work FOLDER [--port 8780]
    python benchmarks/server.py --running --port 8780 --queries FILE --path '/search?limit=10&query='

In an environment of its own with ``txtai[api]`` and sentence-transformers. FILE of passages: JSON Lines with `id` and
`text`; FILE of rows: their embeddings by the same checkpoint (.npy), so that nothing is embedded twice. The index is
what txtai makes by default: FAISS, texts in SQLite. The weights are kept in float32: sentence-transformers would
compute in the float16 of the bundled file, slowly on a CPU. Serves until it is ended.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="in the layout of sentence-transformers")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8780)
    parser.add_argument("--workers", type=int, default=1, help="of uvicorn")
    parser.add_argument("--build", action="store_true", help="make the index, and end")
    options = parser.parse_args()
    model, index, config = options.work / "model", options.work / "index", options.work / "app.yml"
    if not config.exists():
        options.work.mkdir(exist_ok=True)
        in_float32(options.model, model)
        make_index(options, model, index)
        config.write_text(f"path: {index}\nembeddings:\n  path: {model}\n  content: true\n")
    if not options.build:
        command = [sys.executable, "-m", "uvicorn", "txtai.api:app", "--port", str(options.port)]
        command += ["--workers", str(options.workers), "--log-level", "warning"]
        os.execve(sys.executable, command, {**os.environ, "CONFIG": str(config)})


def in_float32(given: Path, model: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    loaded = SentenceTransformer(str(given), device="cpu", model_kwargs={"dtype": torch.float32})
    loaded.save(str(model))


def make_index(options: argparse.Namespace, model: Path, index: Path) -> None:
    import numpy as np
    from txtai import Embeddings

    passages = [json.loads(line) for line in options.passages.open(encoding="utf-8")]
    rows = np.load(options.rows, mmap_mode="r")
    place = {passage["text"]: number for number, passage in enumerate(passages)}
    made = Embeddings(path=str(model), content=True)
    made.config["path"] = str(model)
    unknown = made.model or made.loadvectors()
    encode = unknown.encode
    unknown.encode = lambda data, category=None: (
        np.array(rows[[place[text] for text in data]]) if data[0] in place else encode(data, category)
    )
    made.model = unknown
    made.index((passage["id"], passage["text"], None) for passage in passages)
    made.save(str(index))


if __name__ == "__main__":
    main()
