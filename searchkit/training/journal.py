"""``log.jsonl``: one object a step (step, loss, lr, sentences_per_s, sentences, source) and one a dev evaluation.

Lines are appended and flushed, and synced before a state is saved that counts on them. A resumed run cuts the file
back to the length that the saved state names, so that no step is told twice; what it says is read back to go on
counting.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from searchkit.errors import TrainingError
from searchkit.training.report import DevScore, TrainingProgress

LOG = "log.jsonl"


class Journal:
    """The log of a run, and what it adds up to.

    Args:
        folder: where ``log.jsonl`` is; None counts without writing, for processes that do not speak for all.
        length: bytes to keep of an earlier log; 0 begins anew.
        tensorboard: also write event files.

    Attributes:
        losses: one a step. scores: one a dev evaluation. sentences: texts through the model.
        length: bytes in the log.
    """

    def __init__(self, folder: Path | None, *, length: int = 0, tensorboard: bool = False) -> None:
        self.losses: list[float] = []
        self.scores: list[DevScore] = []
        self.sentences = 0
        self.length = length
        self._writer = _tensorboard(folder) if tensorboard and folder is not None else None
        self._file = None
        if folder is not None:
            (folder / LOG).touch()
            self._cut(folder / LOG, length)
            self._file = (folder / LOG).open("ab")

    @property
    def best(self) -> DevScore | None:
        """The highest dev evaluation, the earliest of equals."""
        return max(self.scores, key=lambda dev: dev.score, default=None)

    def step(self, progress: TrainingProgress) -> None:
        """Note a step."""
        self._write(
            {
                "step": progress.step,
                "loss": progress.loss,
                "lr": progress.learning_rate,
                "sentences_per_s": round(progress.sentences_per_s, 1),
                "sentences": progress.sentences,
                "source": progress.source,
            }
        )

    def dev(self, score: DevScore) -> None:
        """Note a dev evaluation."""
        self._write({"step": score.step, "dev_score": score.score})

    def sync(self) -> None:
        """Make what was noted survive a power cut."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the files."""
        if self._file is not None:
            self._file.close()
        if self._writer is not None:
            self._writer.close()

    def _write(self, record: dict[str, Any]) -> None:
        line = json.dumps(record).encode() + b"\n"
        if self._file is not None:
            self._file.write(line)
            self._file.flush()
        self.length += len(line)
        self._count(record)
        if self._writer is not None:
            for name in record.keys() & {"loss", "lr", "sentences_per_s", "dev_score"}:
                self._writer.add_scalar(name, record[name], record["step"])

    def _cut(self, path: Path, length: int) -> None:
        if path.stat().st_size < length:
            raise TrainingError(
                f"{path} has {path.stat().st_size} bytes, expected at least {length}",
                hint="remove the folder to begin anew",
            )
        os.truncate(path, length)
        try:
            for line in path.read_text(encoding="utf-8").splitlines():
                self._count(json.loads(line))
        except (ValueError, KeyError, TypeError) as exc:
            raise TrainingError(f"{path} is damaged: {exc}", hint="remove the folder to begin anew") from exc

    def _count(self, record: dict[str, Any]) -> None:
        if "dev_score" in record:
            self.scores.append(DevScore(record["step"], record["dev_score"]))
        else:
            self.losses.append(record["loss"])
            self.sentences += record["sentences"]


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as exc:
        raise TrainingError("tensorboard is set, but it is not installed", hint="pip install tensorboard") from exc
    return SummaryWriter(str(folder / "tensorboard"))
