"""Following folders and files: a run over them after each burst of changes.

A change only tells that something is to be done; what, a run over the whole folder finds out. So lost, doubled and
reordered events do no harm, ignore files are obeyed as ever, and a burst of any size is one run. The system's events
end with the folder or file that they are about, and an editor may put a new one in its place: their inodes are
looked at every second, and what is watched is set up anew when they are others.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from searchkit.documents import is_passed_over
from searchkit.errors import IndexLockedError, InputError, MissingExtraError, SearchkitError

if TYPE_CHECKING:
    from types import ModuleType

    from searchkit.documents import WalkOptions
    from searchkit.search.reports import IndexReport

QUIET_MS = 400  # a burst is over when nothing happened for so long
LONGEST_BURST_MS = 10_000  # what never rests is taken up as often
BEAT_MS = 1_000

Run: TypeAlias = Callable[[Sequence[Path]], "IndexReport"]
Mark: TypeAlias = "tuple[int, ...]"
Events: TypeAlias = "Generator[set[tuple[object, str]], None, None]"


def watch(
    run: Run,
    paths: Sequence[Path],
    *,
    walking: WalkOptions,
    aside: Path,
    notice: Callable[[str], None],
    stop: threading.Event,
) -> Iterator[IndexReport]:
    """Run over the paths now and after every burst of changes, until ``stop``.

    Args:
        run: indexes those of the paths that are there.
        walking: what ``run`` leaves out by its name does not start one.
        aside: the folder of the index, which changes with every run.
        notice: is told what stands in the way, once: a path that is gone, another writer.

    Yields:
        A report of the first run, and of each that found something to do or to refuse.

    Raises:
        MissingExtraError: watchfiles is not installed.
    """
    _library()
    once = _Once(notice)
    eyes = _Eyes(paths, walking, aside, stop)
    last: IndexReport | None = None
    is_due = True
    try:
        while not stop.is_set():
            once.tell({f"{path} is gone; waiting for it" for path in eyes.missing()}, topic="missing")
            is_due = eyes.open_anew() or is_due
            if is_due and eyes.present():
                try:
                    report = run(eyes.present())
                except IndexLockedError as error:
                    once.tell({f"waiting: {error.message}"}, topic="lock")
                except InputError:
                    if not eyes.missing():  # else it vanished a moment ago
                        raise
                else:
                    once.tell(set(), topic="lock")
                    is_due = False
                    if last is None or not report.is_idle or report.refused != last.refused:
                        yield report
                    last = report
            is_due = eyes.look() or is_due
    finally:
        eyes.close()


class _Once:
    """Says a thing when it begins to be so, not as long as it is."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: dict[str, set[str]] = {}

    def tell(self, messages: set[str], *, topic: str) -> None:
        for message in sorted(messages - self._said.get(topic, set())):
            self._say(message)
        self._said[topic] = messages


class _Eyes:
    """What sees changes: the system's events, and a look at the paths themselves with every beat."""

    def __init__(self, paths: Sequence[Path], walking: WalkOptions, aside: Path, stop: threading.Event) -> None:
        self._paths = [path.resolve() for path in paths]
        self._shown = dict(zip(self._paths, paths, strict=True))
        self._walking, self._aside, self._stop = walking, str(aside.resolve()), stop
        self._marks: dict[Path, Mark] = {}
        self._events: Events | None = None

    def present(self) -> list[Path]:
        return [self._shown[path] for path in self._marks]

    def missing(self) -> list[Path]:
        return [self._shown[path] for path in self._paths if _mark(path) is None]

    def open_anew(self) -> bool:
        """Whether other folders and files are there than before; they are watched from the next look on."""
        found = ((path, _mark(path)) for path in self._paths)
        marks = {path: mark for path, mark in found if mark is not None}
        if marks == self._marks:
            return False
        self.close()
        self._marks = marks
        return True

    def look(self) -> bool:
        """Wait for a burst of changes to end, a beat at most; whether there was one that may matter."""
        if not self._marks:
            self._stop.wait(BEAT_MS / 1000)
            return False
        is_new = self._events is None
        if self._events is None:
            self._events = _events([*self._marks], self._stop)
        try:
            changes = next(self._events, set())
        except FileNotFoundError:  # removed a moment ago
            self.close()
            self._marks = {}
            return False
        except (OSError, RuntimeError) as error:
            raise SearchkitError(
                f"the changes of {', '.join(map(str, self._marks))} cannot be watched: {error}",
                hint="WATCHFILES_FORCE_POLLING=1 looks at the files again and again instead",
            ) from error
        return is_new or any(self._matters(path) for _, path in changes)  # new: what happened before is not among them

    def close(self) -> None:
        if self._events is not None:
            self._events.close()
            self._events = None

    def _matters(self, changed: str) -> bool:
        if changed == self._aside or changed.startswith(self._aside + os.sep):
            return False
        for path in self._marks:
            with suppress(ValueError):
                if not is_passed_over(Path(changed).relative_to(path).parts, self._walking):
                    return True
        return False


def _mark(path: Path) -> Mark | None:
    """What tells a folder or file from another one in its place; of a file also what is in it."""
    try:
        status = path.stat()
    except OSError:
        return None
    same = (status.st_dev, status.st_ino)
    return same if path.is_dir() else (*same, status.st_size, status.st_mtime_ns)


def _events(paths: Sequence[Path], stop: threading.Event) -> Events:
    events: Events = _library().watch(
        *paths,
        watch_filter=None,
        debounce=LONGEST_BURST_MS,
        step=QUIET_MS,
        stop_event=stop,
        rust_timeout=BEAT_MS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    return events


def _library() -> ModuleType:
    try:
        import watchfiles
    except ImportError as exc:
        raise MissingExtraError("watchfiles", "watch") from exc
    return watchfiles
