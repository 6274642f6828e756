"""Counters in the text format of Prometheus, version 0.0.4."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[str, dict[str, str], float]  # suffix of the name, labels, value


class Metrics:
    """Requests by operation and status, and how long they took. Written by one thread, that of the event loop."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self._slots: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = defaultdict(float)

    def saw(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request; ``path`` is the operation's, such as ``/documents/{id}``."""
        self._requests[path, method, status] += 1
        slots = self._slots.setdefault(path, [0] * (len(BOUNDS_S) + 1))
        slots[sum(seconds > bound for bound in BOUNDS_S)] += 1
        self._seconds[path] += seconds

    def lines(self) -> Iterator[str]:
        """The text, line by line."""
        requests: list[Sample] = [
            ("", {"path": path, "method": method, "status": str(status)}, count)
            for (path, method, status), count in sorted(self._requests.items())
        ]
        yield from family("searchkit_requests_total", "counter", "Requests answered.", requests)
        yield from family(
            "searchkit_request_seconds", "histogram", "Time from a request to its answer.", self._histogram()
        )

    def _histogram(self) -> Iterator[Sample]:
        for path, slots in sorted(self._slots.items()):
            below = 0
            for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), slots, strict=True):
                below += count
                yield "_bucket", {"path": path, "le": bound}, below
            yield "_sum", {"path": path}, self._seconds[path]
            yield "_count", {"path": path}, below


def family(name: str, kind: str, meaning: str, samples: Iterable[Sample]) -> Iterator[str]:
    """One metric with its samples."""
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    for suffix, labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{suffix}{f'{{{inside}}}' if inside else ''} {value:.10g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
