"""A process that answers queries for a server: ``python -m searchkit.server.helper``.

It reads lines of JSON: first which index, then batches of queries. To each batch it writes a line of JSON with
``[status, length]`` of each answer, then the answers themselves. It ends with its input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import BinaryIO

from searchkit.search import SearchEngine
from searchkit.server.answering import LocalSearcher


def main() -> None:
    """Answer until the server is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes our input
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not get among the answers
    run(sys.stdin.buffer, out)


def run(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer every line of ``requests``."""
    told = json.loads(requests.readline())
    with SearchEngine.open(told["index"], device=told["device"]) as engine:
        searcher = LocalSearcher(engine)
        searcher.ask(["ready"], 1, {})  # loads what the first query would wait for
        answers.write(b"[]\n")
        answers.flush()
        for line in requests:
            said = json.loads(line)
            finished = searcher.ask(said["texts"], said["k"], said["options"])
            answers.write(json.dumps([[one.status, len(one.body)] for one in finished]).encode() + b"\n")
            answers.writelines(one.body for one in finished)
            answers.flush()


if __name__ == "__main__":
    main()
