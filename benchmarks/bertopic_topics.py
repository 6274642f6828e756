"""The peer of `topics.py`, one process of its own environment: BERTopic over given embeddings.

    python benchmarks/bertopic_topics.py TEXTS.json ROWS.npy SEEDS OUT.json

UMAP, HDBSCAN and class-based TF-IDF as BERTopic sets them, but for the seed and for English stop words, which its
guide leaves out of the words of topics. OUT: for each seed the words of each topic, and the topic of each text, -1 for
none.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from bertopic import BERTopic
from sklearn.feature_extraction.text import CountVectorizer
from umap import UMAP

texts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
rows = np.load(sys.argv[2])
found = []
for seed in range(int(sys.argv[3])):
    began = time.process_time()
    model = BERTopic(
        umap_model=UMAP(
            n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", low_memory=False, random_state=seed
        ),
        vectorizer_model=CountVectorizer(stop_words="english"),
        embedding_model=None,
    )
    members, _ = model.fit_transform(texts, rows)
    words = {number: [word for word, _ in own if word] for number, own in model.get_topics().items() if number >= 0}
    found.append(
        {
            "words": [words[number] for number in sorted(words)],
            "members": [int(number) for number in members],
            "cpu_s": time.process_time() - began,
        }
    )
Path(sys.argv[4]).write_text(json.dumps(found), encoding="utf-8")
