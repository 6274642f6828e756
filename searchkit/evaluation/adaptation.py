"""An encoder adapted to an index: trained on its text, judged on documents kept aside, used only if it is better.

    held-out documents  -> known-item queries, asked before and after
    the other documents -> sentences (unsupervised SimCSE), passages (two crops of one are a pair), a sentence and
                           the passage it was taken from, headings and what stands under them

The training texts are written beside the checkpoint, so that a run can be looked at and repeated.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.chunking import body_text, sentence_spans
from searchkit.errors import TrainingError
from searchkit.evaluation.known_item import Passage, hold_out, known_items
from searchkit.evaluation.verdict import Verdict, judge
from searchkit.training import DataSettings, Kind, Recipe, RunSettings, TrainingProgress, TrainingReport, train
from searchkit.types import Chunk

if TYPE_CHECKING:
    from searchkit.search import SearchEngine, StoredChunk

FEWEST_PASSAGES = 100
FEWEST_WORDS = 4  # of a sentence to train on
PASSAGES_A_STEP = 48
MOST_STEPS = 400


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What came of it.

    Attributes:
        checkpoint: the folder of the new encoder, complete with its graph.
        verdict: before against after, on queries from held-out documents.
        training: the run.
        encoded: chunks of the index that were embedded again; 0 when the encoder was not promoted.
    """

    checkpoint: Path
    verdict: Verdict
    training: TrainingReport
    encoded: int


def adapt(
    engine: SearchEngine,
    base: str,
    out: Path,
    *,
    run: RunSettings | None = None,
    promote: bool = True,
    progress: Callable[[TrainingProgress], None] | None = None,
    resume: bool = False,
) -> Adaptation:
    """Train on the documents of an index, and use the result for it if held-out queries show that it is better.

    Args:
        engine: the index.
        base: the checkpoint to start from: a folder, the name of a bundled one, or a cached hub name.
        out: where the new checkpoint goes; training texts, log and states go to folders beside it.
        run: settings of the run in place of the usual ones; its ``base`` and ``base_name`` are not looked at.
        promote: embed the index again with the new encoder when the verdict allows it.
        progress: called after every training step.
        resume: go on with a run that was cut off.

    Raises:
        TrainingError: ``out`` exists, the index holds too little text, training failed, or it is not the only process.
        CheckpointError: the start is missing or damaged.
        EvaluationError: no query can be made from the held-out documents.
    """
    from searchkit.encoder import export_onnx, load_encoder, read_checkpoint, resolve_checkpoint
    from searchkit.encoder.hub import name_of

    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise TrainingError(
            "several processes cannot train on one index together",
            hint="without torchrun, or train on files first and judge with `searchkit eval retrieval`",
        )
    if out.exists():  # told now, not by the export after an hour of training
        raise TrainingError(f"{out} exists already", hint="name another folder: an index may be using this one")
    folder = resolve_checkpoint(base)
    start = read_checkpoint(folder, name=name_of(base, folder))
    passages = [_passage(chunk) for chunk in engine.iter_chunks()]
    if len(passages) < FEWEST_PASSAGES:
        raise TrainingError(
            f"the index holds {len(passages)} chunks; training needs at least {FEWEST_PASSAGES}",
            hint="index more documents first",
        )
    settings = replace(run or RunSettings(base=base), base=base, base_name=start.name)
    held_out = hold_out({passage.doc_id for passage in passages}, seed=settings.seed)
    items = known_items(passages, held_out, seed=settings.seed)
    checkpoint = out.with_name(out.name + ".float32")
    recipe = _recipe(passages, held_out, settings, out.with_name(out.name + ".texts"))
    report = train(recipe, checkpoint, progress=progress, resume=resume)
    export_onnx(checkpoint, out, base=start.name, max_tokens=min(engine.encoder.max_tokens, start.max_tokens))
    verdict = judge(engine.encoder, load_encoder(out), items, seed=settings.seed)
    encoded = engine.rebuild(encoder=out) if promote and verdict.promoted else 0
    return Adaptation(out, verdict, report, encoded)


def _passage(chunk: StoredChunk) -> Passage:
    return Passage(chunk.doc_id, chunk.title, Chunk(chunk.text, chunk.start, chunk.end, 0, 0, chunk.heading_path))


def _recipe(passages: list[Passage], held_out: frozenset[str], settings: RunSettings, folder: Path) -> Recipe:
    """The texts of the other documents in files, and how to train on them."""
    used = [passage for passage in passages if passage.doc_id not in held_out]
    bodies = {passage: body_text(passage.title, passage.chunk).strip() for passage in used}
    folder.mkdir(parents=True, exist_ok=True)
    kept = [body for body in bodies.values() if body]
    _write_rows(folder / "passages.jsonl", ({"text": body} for body in kept))
    _write_rows(folder / "sentences.jsonl", ({"text": text} for body in kept for text in _sentences(body)))
    headings = [
        (passage.chunk.heading_path[-1], body) for passage, body in bodies.items() if passage.chunk.heading_path
    ]
    data = [
        DataSettings(folder / "passages.jsonl", Kind.CROP, ("text",), name="crops", weight=2.0, batch_size=48),
        DataSettings(folder / "passages.jsonl", Kind.CLOZE, ("text",), name="cloze", weight=1.0, batch_size=48),
        DataSettings(folder / "sentences.jsonl", Kind.UNSUP, ("text",), name="sentences", weight=0.5, max_tokens=48),
    ]
    if len({heading for heading, _ in headings}) >= FEWEST_PASSAGES:
        rows = ({"heading": heading, "text": body} for heading, body in headings if body)
        _write_rows(folder / "headings.jsonl", rows)
        columns = ("heading", "text")
        path = folder / "headings.jsonl"
        data.append(DataSettings(path, Kind.PAIRS, columns, name="headings", weight=1.0, batch_size=48))
    steps = settings.steps or max(20, min(MOST_STEPS, len(kept) // PASSAGES_A_STEP))
    return Recipe(replace(settings, steps=steps), tuple(data))


def _sentences(body: str) -> Iterable[str]:
    texts = (body[start:end].strip() for start, end in sentence_spans(body))
    return (text for text in texts if len(text.split()) >= FEWEST_WORDS)


def _write_rows(path: Path, rows: Iterable[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
