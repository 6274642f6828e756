"""The HTTP server under schemathesis: requests made from its OpenAPI document, and what it answers.

    python benchmarks/server_fuzz.py --schemathesis PROGRAM [--seconds 120] [--seed 1]

Serves an index of the repository's own pages, with a token for writing, and has schemathesis (in an environment of its
own) ask by the document: every check but two. A filter is a language, of which the document cannot say every rule, so
a refused request is no fault (`positive_data_acceptance`); and whoever has a token may read where none is needed
(`ignored_auth`). `rerank` is left out of the document, since a server that was given no model refuses every name.
A 503 is what the document says of a server that is busy; a 500, or any other answer that is not in the document, is
a fault, and this script ends with 1.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from common import ROOT, write_result
from server import ask, served, wait_until

PAGES = ("README.md", "ARCHITECTURE.md", "SECURITY.md", "RELIABILITY.md")
LEFT_OUT = "positive_data_acceptance,ignored_auth"
_COUNTED = re.compile(r'searchkit_requests_total\{path="([^"]*)",method="(\w+)",status="(\d+)"\} (\d+)')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemathesis", required=True, help="the program")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8792)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        index, document = Path(work) / "index", Path(work) / "openapi.json"
        made = [sys.executable, "-m", "searchkit", "index", *PAGES, "--index", str(index)]
        subprocess.run(made, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        token = secrets.token_hex(16)
        with served(index, options.port, None, token):
            wait_until(lambda: ask(options.port, "/map") == 200)
            document.write_text(json.dumps(without_reranking(read(options.port, "/openapi.json"))))
            done = fuzz(options, document, token)
            counts = counts_of(read(options.port, "/metrics"))
    report(options, done, counts)
    sys.exit(done.returncode or any(status == 500 for _, _, status in counts))


def read(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return str(answer.read().decode())


def without_reranking(text: str) -> object:
    document = json.loads(text)
    for path in ("/search", "/similar"):
        for operation in document["paths"][path].values():
            told = operation.get("parameters", [])
            told[:] = [one for one in told if one["name"] != "rerank"]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["schema"]["properties"].pop("rerank", None)
    return document


def fuzz(options: argparse.Namespace, document: Path, token: str) -> subprocess.CompletedProcess[str]:
    command = [options.schemathesis, "run", str(document), "--url", f"http://127.0.0.1:{options.port}"]
    command += ["-H", f"Authorization: Bearer {token}", "--checks", "all", "--exclude-checks", LEFT_OUT]
    command += ["--continue-on-failure", "--max-time", str(options.seconds), "--seed", str(options.seed)]
    command += ["--request-timeout", "60", "--no-color"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def counts_of(metrics: str) -> dict[tuple[str, str, int], int]:
    return {(path, method, int(status)): int(count) for path, method, status, count in _COUNTED.findall(metrics)}


def report(
    options: argparse.Namespace, done: subprocess.CompletedProcess[str], counts: dict[tuple[str, str, int], int]
) -> None:
    print(done.stdout[-20_000:], done.stderr[-2000:])
    statuses = sorted({status for _, _, status in counts})
    lines = [
        f"schemathesis of {options.seconds} s, seed {options.seed}, by the document of the server: "
        f"{sum(counts.values()):,} requests, {sum(n for (_, _, s), n in counts.items() if s == 500)} answers of 500, "
        f"{'no fault' if done.returncode == 0 else 'FAULTS'} of any check but `{LEFT_OUT.replace(',', '`, `')}`.",
        "",
        f"| operation | {' | '.join(map(str, statuses))} |",
        f"|---|{'--:|' * len(statuses)}",
    ]
    for path, method in sorted({(path, method) for path, method, _ in counts}):
        told = " | ".join(str(counts.get((path, method, status), "")) for status in statuses)
        lines.append(f"| {method} {path} | {told} |")
    write_result(
        "server_fuzz",
        "What the server answers to requests made from its document",
        "\n".join(lines),
        "starlette",
        "uvicorn",
    )


if __name__ == "__main__":
    main()
