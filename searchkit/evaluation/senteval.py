"""The folders in which SentEval keeps its similarity tasks.

::

    STS12-en-test/  STS.input.<subset>.txt   sentence1 TAB sentence2
                    STS.gs.<subset>.txt      a score a line, empty where none was given
    STSBenchmark/   sts-<split>.csv          genre, file, year, id, score, sentence1, sentence2 by TAB, no header
    SICK/           SICK_<split>.txt         pair_ID, sentence_A, sentence_B, relatedness_score, ... by TAB

Conneau, Kiela 2018, "SentEval", https://arxiv.org/abs/1803.05449
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from searchkit.errors import EvaluationError
from searchkit.evaluation.sts_set import ScoredPair, StsSet

_SICK_FILES = {
    "train": "SICK_train.txt",
    "dev": "SICK_trial.txt",
    "trial": "SICK_trial.txt",
    "test": "SICK_test_annotated.txt",
}
_BENCHMARK_FIELDS = 7  # later ones name sources
_SICK_COLUMNS = ("sentence_A", "sentence_B", "relatedness_score")


def read_senteval(folder: Path, *, split: str = "test") -> StsSet:
    """Read whichever of the three layouts the folder has.

    Raises:
        EvaluationError: it has none of them, or a file is damaged.
    """
    inputs = sorted(folder.glob("STS.input.*.txt"))
    benchmark, sick = folder / f"sts-{split}.csv", folder / _SICK_FILES.get(split, "")
    if inputs:
        pairs = [pair for path in inputs for pair in _year_pairs(path)]
    elif benchmark.is_file():
        pairs = list(_benchmark_pairs(benchmark))
    elif sick.is_file():
        pairs = list(_sick_pairs(sick))
    else:
        raise EvaluationError(
            f"{folder} has no STS.input.*.txt, no {benchmark.name} and no SICK file for split {split!r}",
            hint="give one folder of SentEval's downstream/STS or downstream/SICK, or a file",
        )
    if not pairs:
        raise EvaluationError(f"{folder} holds no scored pair")
    return StsSet(folder.resolve().name, tuple(pairs))


def _year_pairs(path: Path) -> Iterator[ScoredPair]:
    subset = path.name.removeprefix("STS.input.").removesuffix(".txt")
    gold = path.with_name(f"STS.gs.{subset}.txt")
    lines, scores = _lines(path), _lines(gold)
    if len(lines) != len(scores):
        raise EvaluationError(f"{path.name} has {len(lines)} lines and {gold.name} {len(scores)}; expected as many")
    for line_number, (line, score) in enumerate(zip(lines, scores, strict=True), start=1):
        if score.strip():  # STS15 and STS16 score a part of their pairs
            first, second = _fields(path, line_number, line, 2)[:2]
            yield ScoredPair(first, second, _score(gold, line_number, score), subset)


def _benchmark_pairs(path: Path) -> Iterator[ScoredPair]:
    for line_number, line in enumerate(_lines(path), start=1):
        fields = _fields(path, line_number, line, _BENCHMARK_FIELDS)
        yield ScoredPair(fields[5], fields[6], _score(path, line_number, fields[4]))


def _sick_pairs(path: Path) -> Iterator[ScoredPair]:
    lines = _lines(path)
    header = lines[0].split("\t") if lines else []
    if not set(_SICK_COLUMNS) <= set(header):
        raise EvaluationError(f"{path} has the columns {', '.join(header)}; expected {', '.join(_SICK_COLUMNS)}")
    first, second, score = (header.index(name) for name in _SICK_COLUMNS)
    for line_number, line in enumerate(lines[1:], start=2):
        fields = _fields(path, line_number, line, len(header))
        yield ScoredPair(fields[first], fields[second], _score(path, line_number, fields[score]))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except OSError as exc:
        raise EvaluationError(f"{path} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise EvaluationError(f"{path} is not UTF-8 at byte {exc.start}") from exc


def _fields(path: Path, line_number: int, line: str, least: int) -> list[str]:
    fields = line.rstrip("\r").split("\t")
    if len(fields) < least:
        raise EvaluationError(f"{path}, line {line_number} has {len(fields)} fields, expected {least}")
    return fields


def _score(path: Path, line_number: int, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise EvaluationError(f"{path}, line {line_number}: the score is {text.strip()!r}, expected a number")
    return found
