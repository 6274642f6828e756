"""How long a question takes from nothing, as a whole process: `searchkit query` beside the script people write.

    python benchmarks/cold_query.py --peer-python PYTHON [--data FOLDER]

PYTHON is an interpreter that has sentence-transformers and faiss. Both search the same 5,000 chunks (sections of
software documentation) with the same checkpoint.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from common import ROOT, interleaved, median, spread, write_result

CHUNKS = 5_000
QUESTION = "how do I sort an array without changing the original?"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        model = prepare(Path(scratch), options.data)
        searchkit = str(Path(sys.executable).with_name("searchkit"))
        commands = {
            "searchkit query": [searchkit, "query", QUESTION, "--index", f"{scratch}/index"],
            "sentence-transformers + faiss": [
                options.peer_python,
                str(Path(__file__).with_name("st_faiss_query.py")),
                model,
                scratch,
                QUESTION,
            ],
            "searchkit --help": [searchkit, "--help"],
            "import typer, rich.console": [sys.executable, "-c", "import typer, rich.console"],
        }
        costs = interleaved(commands, rounds=options.rounds, env={"HF_HUB_OFFLINE": "1"})
    walls = {name: [cost.wall_s for cost in own] for name, own in costs.items()}
    rows = []
    for name, own in costs.items():
        peak = median([cost.peak_mb for cost in own])
        rows.append(f"| {name} | {spread(walls[name])} | {spread([cost.cpu_s for cost in own])} | {peak:.0f} |")
    ratio = median(walls["sentence-transformers + faiss"]) / median(walls["searchkit query"])
    help_ratio = median(walls["searchkit --help"]) / median(walls["import typer, rich.console"])
    text = "\n".join(
        [
            f"{CHUNKS} chunks, {options.rounds} interleaved rounds after one not counted, median [least-greatest].",
            "",
            "| whole process | wall s | cpu s | peak MB |",
            "|---|---|---|---|",
            *rows,
            "",
            f"- A cold `searchkit query` takes 1/{ratio:.1f} of the time of the script (asked: 1/18).",
            f"- `searchkit --help` takes {help_ratio:.2f} times `import typer, rich.console` (asked: under 3).",
        ]
    )
    write_result("cold_query", "A question from nothing", text, "onnxruntime", "faiss-cpu", "typer", "rich")


def prepare(scratch: Path, data: Path) -> str:
    """Both indexes over the same texts; gives the checkpoint's folder."""
    import faiss
    import numpy as np
    import pyarrow.parquet as parquet

    from searchkit import SearchEngine
    from searchkit.encoder import bundled_folder

    table = parquet.read_table(data / "docs_sections" / "pairs.parquet").to_pydict()
    with SearchEngine.open_or_create(scratch / "index") as engine:
        documents = ({"id": str(n), "text": text} for n, text in enumerate(table["text_b"]))
        while engine_is_small(engine):
            engine.add([document for document, _ in zip(documents, range(500), strict=False)])
        texts, rows = [], []
        with engine._looking() as reader:
            for row in reader.iter_chunks():
                texts.append(row.text)
            for _, vectors in reader.iter_vectors():
                rows.append(vectors.astype(np.float32))
    index = faiss.IndexFlatIP(rows[0].shape[1])
    index.add(np.concatenate(rows))
    faiss.write_index(index, str(scratch / "flat.faiss"))
    (scratch / "texts.json").write_text(json.dumps(texts))
    return str(bundled_folder())


def engine_is_small(engine: object) -> bool:
    from searchkit.errors import IndexNotFoundError

    try:
        return engine.status().chunks < CHUNKS  # type: ignore[attr-defined]
    except IndexNotFoundError:
        return True


if __name__ == "__main__":
    main()
