"""A process that answers queries for a server, which starts it; see `helpers`.

It reads lines of JSON: first which index, then batches of queries. To each batch it writes a line of JSON with
``[status, length]`` of each answer, then the answers themselves. It ends with its input.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from typing import BinaryIO

from searchkit.errors import SearchkitError
from searchkit.search import SearchEngine
from searchkit.server.answering import LocalSearcher


def main() -> None:
    """Answer until the server is gone; an index that cannot be opened is told on standard error."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not get among the answers
    try:
        run(sys.stdin.buffer, out, loaded=_keep)
    except BrokenPipeError:
        os._exit(0)  # the server was killed: nobody reads what is left to write
    except SearchkitError as error:
        sys.exit(f"error: a search process ended: {error}")


def _keep() -> None:
    """What is loaded stays: to look through all of it for garbage takes 30 ms, in the middle of an answer."""
    gc.collect()
    gc.freeze()


def run(requests: BinaryIO, answers: BinaryIO, *, loaded: Callable[[], None] = lambda: None) -> None:
    """Answer every line of ``requests``; ``loaded`` is called before the first."""
    told = json.loads(requests.readline())
    with SearchEngine.open(told["index"], device=told["device"], encoder=told["encoder"]) as engine:
        searcher = LocalSearcher(engine)
        searcher.ask(["ready"], 1, {})  # loads what the first query would wait for
        loaded()
        answers.write(b"[]\n")
        answers.flush()
        for line in requests:
            said = json.loads(line)
            finished = searcher.ask(said["texts"], said["k"], said["options"])
            answers.write(json.dumps([[one.status, len(one.body)] for one in finished]).encode() + b"\n")
            answers.writelines(one.body for one in finished)
            answers.flush()
