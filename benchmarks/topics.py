"""Topics against known labels, and their coherence beside BERTopic, all on the same embeddings.

    python benchmarks/topics.py v-measure --intents FILE --cache FOLDER
    python benchmarks/topics.py coherence --intents FILE --cache FOLDER [--passages FOLDER] --bertopic PYTHON

v-measure   Clusters of banking77 and clinc150 beside scikit-learn's k-means with the same number of clusters, and with
            the number that searchkit chooses; five seeds. V-measure: Rosenberg, Hirschberg 2007,
            https://aclanthology.org/D07-1043/.
coherence   NPMI of the ten first words of each topic, over documents of the same corpus, beside BERTopic run by PYTHON,
            an environment that has it; three seeds. NPMI: Bouma 2009; Lau, Newman, Baldwin 2014,
            https://aclanthology.org/E14-1056/. PASSAGES holds passages.jsonl and rows.npy.

Embeddings are those of the bundled encoder, kept in the cache. What is measured is kept in results/topics.json, and not
measured again while it stands there.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, median, spread, write_result
from precomputed import open_index, read_passages

from searchkit.encoder import load_encoder
from searchkit.insight import find_topics, phrases
from searchkit.insight.grouping import group_rows
from searchkit.search.asking.topics import nearest_topics, unit_rows

SEEDS = 5
COHERENCE_SEEDS = 3
WORDS = 10
PASSAGES = 10_000
PARTS = ("v-measure", "coherence")
KEPT = RESULTS / "topics.json"
_WORD = re.compile(r"[^\W\d_]\w+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--intents", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--passages", type=Path)
    parser.add_argument("--bertopic", help="a Python that has BERTopic")
    parser.add_argument("--most", type=int, help="lines of the table to measure now; default: all that are missing")
    options = parser.parse_args()
    results = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    done = results.setdefault(options.part, [])
    measured = (v_measures if options.part == "v-measure" else coherences)(options, list(done))
    for row in islice(measured, options.most):
        done.append(row)
        KEPT.write_text(json.dumps(results, indent=1) + "\n")
        print(row, flush=True)
    report(results)


def intents(options: argparse.Namespace) -> Iterator[tuple[str, list[str], np.ndarray, list[str]]]:
    """Name, texts, (N, D) rows and labels of each set: the test split, then all."""
    import pyarrow.parquet as pq

    table = pq.read_table(options.intents).to_pydict()
    kept = options.cache / "intents.npy"
    if not kept.exists():
        np.save(kept, load_encoder().encode_passages(table["text"]).astype(np.float16))
    rows = unit_rows(np.load(kept))
    source, split = np.array(table["source"]), np.array(table["split"])
    for name in ("banking77", "clinc150"):
        for part, chosen in (("test", (source == name) & (split == "test")), ("all", source == name)):
            own = np.flatnonzero(chosen)
            yield (
                f"{name}, {part}",
                [table["text"][i] for i in own],
                rows[own],
                [table["label"][i] for i in own],
            )


def v_measures(options: argparse.Namespace, done: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for name, _, rows, labels in intents(options):
        known = len(set(labels))
        ways = {
            "scikit-learn": lambda seed, rows=rows, known=known: sklearn_labels(rows, known, seed),
            "searchkit": lambda seed, rows=rows, known=known: our_labels(rows, known, seed),
            "searchkit, own number": lambda seed, rows=rows: our_labels(rows, None, seed),
        }
        for way, labels_of in ways.items():
            if not any((row["set"], row["way"]) == (name, way) for row in done):
                yield {"set": name, "texts": len(rows), "labels": known, "way": way} | runs(labels, labels_of)


def runs(labels: Sequence[str], labels_of: Any) -> dict[str, Any]:
    """V-measures of all seeds: every text in its nearest cluster, and the texts outside of all as a cluster."""
    from sklearn.metrics import v_measure_score

    scores, with_outside, numbers, outside, cpu = [], [], [], [], []
    for seed in range(SEEDS):
        began = time.process_time()
        nearest, members = labels_of(seed)
        cpu.append(time.process_time() - began)
        scores.append(v_measure_score(labels, nearest))
        with_outside.append(v_measure_score(labels, members))
        numbers.append(len(set(nearest.tolist())))
        outside.append(float((members == 0).mean()))
    return {"v": scores, "v_outside": with_outside, "clusters": numbers, "outside": outside, "cpu_s": cpu}


def sklearn_labels(rows: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.cluster import KMeans

    found = 1 + KMeans(count, random_state=seed).fit_predict(rows)
    return found, found


def our_labels(rows: np.ndarray, count: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    found = group_rows(rows, number=count, seed=seed)
    return nearest_topics(rows, found.centres, np.full(len(found.centres), -1, np.float32)), found.members


def coherences(options: argparse.Namespace, done: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    corpora = [(name, texts, rows) for name, texts, rows, _ in intents(options) if name.endswith("test")]
    if options.passages:
        passages, rows = read_passages(options.passages, PASSAGES)
        corpora.append(("sentences", [passage["text"] for passage in passages], unit_rows(rows)))
    for name, texts, rows in corpora:
        if any(row["corpus"] == name for row in done):
            continue
        occurs = documents_of_words(texts)
        peer = bertopic(options, name, texts, rows)
        ways = {"BERTopic": [(own["words"], np.array(own["members"]) < 0, own["cpu_s"]) for own in peer]}
        count = round(median([len(own["words"]) for own in peer]))
        passages = [{"id": str(number), "text": text} for number, text in enumerate(texts)]
        with open_index(options.cache / f"index-{name.split(',')[0]}", passages, rows) as engine:
            for way, number, longest in (
                ("searchkit, as many topics", count, phrases.LONGEST),
                ("searchkit, as many topics, single words", count, 1),
                ("searchkit, own number", None, phrases.LONGEST),
            ):
                ways[way] = [our_words(engine, number, longest, seed) for seed in range(COHERENCE_SEEDS)]
        for way, found in ways.items():
            yield {
                "corpus": name,
                "texts": len(texts),
                "way": way,
                "topics": [len(words) for words, _, _ in found],
                "npmi": [mean_npmi(words, occurs, len(texts)) for words, _, _ in found],
                "diversity": [diversity(words) for words, _, _ in found],
                "outside": [float(outside.mean()) for _, outside, _ in found],
                "cpu_s": [cpu_s for _, _, cpu_s in found],
            }


def our_words(engine: Any, number: int | None, longest: int, seed: int) -> tuple[list[list[str]], np.ndarray, float]:
    """Words of each topic: those of its phrases, in their order."""
    kept, phrases.LONGEST = phrases.LONGEST, longest
    try:
        began = time.process_time()
        found = find_topics(engine, number=number, seed=seed)
        cpu_s = time.process_time() - began
    finally:
        phrases.LONGEST = kept
    words = [list(dict.fromkeys(_WORD.findall(" ".join(topic.phrases).lower())))[:WORDS] for topic in found.topics]
    return words, found.members == 0, cpu_s


def bertopic(options: argparse.Namespace, name: str, texts: list[str], rows: np.ndarray) -> list[dict[str, Any]]:
    stem = options.cache / f"bertopic-{name.split(',')[0]}"
    out = stem.with_suffix(".json")
    if not out.exists():
        given = options.cache / "bertopic-texts.json"
        given.write_text(json.dumps(texts), encoding="utf-8")
        np.save(stem.with_suffix(".npy"), rows)
        script = str(Path(__file__).with_name("bertopic_topics.py"))
        subprocess.run(
            [options.bertopic, script, given, stem.with_suffix(".npy"), str(COHERENCE_SEEDS), out], check=True
        )
    found: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))
    for own in found:
        own["words"] = [[word.lower() for word in words][:WORDS] for words in own["words"]]
    return found


def documents_of_words(texts: Sequence[str]) -> dict[str, set[int]]:
    occurs: dict[str, set[int]] = {}
    for number, text in enumerate(texts):
        for word in set(_WORD.findall(text.lower())):
            occurs.setdefault(word, set()).add(number)
    return occurs


def mean_npmi(topics: Sequence[Sequence[str]], occurs: dict[str, set[int]], documents: int) -> float:
    """The mean over topics of the mean over pairs of words; -1 for a pair that never occurs together.

    A topic of one word alone says nothing about coherence and is left out.
    """
    of_pairs = ([npmi(*pair, occurs, documents) for pair in combinations(own, 2)] for own in topics)
    return float(np.mean([np.mean(values) for values in of_pairs if values]))


def npmi(one: str, other: str, occurs: dict[str, set[int]], documents: int) -> float:
    first, second = occurs.get(one, set()), occurs.get(other, set())
    both = len(first & second) / documents
    if not both:
        return -1.0
    if both == 1:
        return 1.0
    return float(np.log(both * documents**2 / (len(first) * len(second))) / -np.log(both))


def diversity(topics: Sequence[Sequence[str]]) -> float:
    """Different words as a share of all: Dieng, Ruiz, Blei 2020, https://aclanthology.org/2020.tacl-1.29/."""
    counts = Counter(word for words in topics for word in words)
    return len(counts) / counts.total()


def report(results: dict[str, Any]) -> None:
    parts = []
    if "v-measure" in results:
        parts.append(V_TEXT + table(V_COLUMNS, map(v_row, results["v-measure"])))
    if "coherence" in results:
        parts.append(NPMI_TEXT + table(NPMI_COLUMNS, map(npmi_row, results["coherence"])))
    write_result("topics", "Topics", "\n\n".join(parts), "scikit-learn", "faiss-cpu", "numpy")


V_COLUMNS = ("set", "texts", "way", "clusters", "V-measure", "with texts outside", "outside")
V_TEXT = """## V-measure against known labels

Five seeds; median [least-greatest]. "V-measure" has every text in the cluster whose centre is nearest; "with texts
outside" has the texts that searchkit leaves outside of all as a cluster of their own.

"""
NPMI_COLUMNS = ("corpus", "texts", "way", "topics", "NPMI", "diversity", "outside", "CPU s")
NPMI_TEXT = """## Coherence beside BERTopic

NPMI of the ten first words of each topic over the corpus itself, a document a window; three seeds; median
[least-greatest]. "As many topics": the median number that BERTopic found. searchkit names topics by phrases, whose
words stand together by nature; "single words" has it name them by one word at a time, as BERTopic does. Diversity:
different words as a share of all. BERTopic 0.17.4 with UMAP and HDBSCAN as it sets them and English stop words out.

"""


def v_row(own: dict[str, Any]) -> tuple[str, ...]:
    ours = own["way"].startswith("searchkit")
    return (
        own["set"],
        f"{own['texts']:,}",
        own["way"],
        spread(own["clusters"], 0) if len(set(own["clusters"])) > 1 else str(own["clusters"][0]),
        spread(own["v"], 4),
        spread(own["v_outside"], 4) if ours else "",
        f"{median(own['outside']):.1%}" if ours else "",
    )


def npmi_row(own: dict[str, Any]) -> tuple[str, ...]:
    return (
        own["corpus"],
        f"{own['texts']:,}",
        own["way"],
        spread(own["topics"], 0),
        spread(own["npmi"], 3),
        spread(own["diversity"]),
        f"{median(own['outside']):.1%}",
        f"{median(own['cpu_s']):.1f}",
    )


def table(columns: Sequence[str], rows: Any) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
