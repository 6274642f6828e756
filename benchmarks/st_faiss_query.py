"""The script that most people write: sentence-transformers and a flat FAISS index, one question a process."""

import json
import sys
from pathlib import Path

import faiss
from sentence_transformers import SentenceTransformer

model_folder, index_folder, question = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
model = SentenceTransformer(model_folder)
index = faiss.read_index(str(index_folder / "flat.faiss"))
texts = json.loads((index_folder / "texts.json").read_text())
vector = model.encode([question], normalize_embeddings=True)
scores, ids = index.search(vector, 10)
for score, number in zip(scores[0], ids[0], strict=True):
    print(f"{score:.3f} {texts[number][:80]}")
