"""Check what would be published: the files of the sdist and the wheel, and the wheel alone in new environments.

    python recipes/check_release.py dist/ [--python PYTHON ...]

For each PYTHON a new environment gets the wheel and nothing else; there it indexes a folder, asks, and is used as a
library, with proxies that lead nowhere, so that nothing can be fetched. Ends with 1 and the reasons if anything fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

LARGEST_WHEEL_MB = 80
ENCODERS = ("searchkit/encoder/bundled/default/", "searchkit/encoder/bundled/fast/")
IN_WHEEL = (
    "searchkit/py.typed",
    *(
        encoder + name
        for encoder in ENCODERS
        for name in ("model.onnx", "model.safetensors", "tokenizer.json", "searchkit.json", "README.md")
    ),
    "searchkit/server/page/index.html",
    "searchkit/server/page/app.js",
    "searchkit/server/page/base.css",
    "searchkit/server/page/icon.svg",
    "searchkit/server/openapi.json",
    "searchkit/insight/page/map.html",
    "searchkit/insight/page/map.js",
    "searchkit/insight/page/map.css",
)
IN_SDIST = ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "NOTICE", "SECURITY.md", "CONTRIBUTING.md")
IN_SDIST += (
    "CITATION.cff",
    "Containerfile",
    "Makefile",
    "mkdocs.yml",
    "tests/test_docs.py",
    "requirements/dev.txt",
    *IN_WHEEL,
)
LICENCES = ("LICENSE", "NOTICE")
ENDINGS = {".py", ".typed", ".html", ".js", ".css", ".svg", ".json", ".onnx", ".safetensors", ".md"}
SIGNS_OF_LEFTOVERS = ("__pycache__", ".pyc", ".git/", ".hypothesis", "searchkit.db", ".faiss")
ANSWER = "The kettle stands on the left shelf"
LIBRARY = f"""
import searchkit
with searchkit.SearchEngine.open_or_create("other") as engine:
    engine.add(["{ANSWER} of the kitchen.", "A commit is undone by git revert."])
    assert engine.search("where is the teapot?", k=1)[0].text.startswith("{ANSWER}")
rows = searchkit.load_encoder().encode_passages(["one", "two"])
assert rows.shape == (2, 384), rows.shape
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dist", type=Path)
    parser.add_argument("--python", nargs="*", default=[], help="Interpreters for new environments.")
    options = parser.parse_args()
    wheel, sdist = one(options.dist, "*.whl"), one(options.dist, "*.tar.gz")
    faults = [*wheel_faults(wheel), *sdist_faults(sdist)]
    for python in options.python:
        faults += main_job_faults(python, wheel)
    for fault in faults:
        print(f"fault: {fault}")
    return 1 if faults else 0


def one(dist: Path, pattern: str) -> Path:
    found = sorted(dist.glob(pattern))
    if len(found) != 1:
        sys.exit(f"{dist}/{pattern}: {len(found)} files, one is expected; run `python -m build` in a clean checkout")
    return found[0]


def wheel_faults(wheel: Path) -> Iterator[str]:
    """What is missing, and what should not be there."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
    size = wheel.stat().st_size / 1e6
    print(f"{wheel.name}: {len(names)} files, {size:.1f} MB")
    if size > LARGEST_WHEEL_MB:
        yield f"the wheel has {size:.1f} MB, at most {LARGEST_WHEEL_MB} are expected"
    ours = [name for name in names if name.startswith("searchkit/")]
    yield from missing("wheel", IN_WHEEL, ours)
    yield from leftovers("wheel", names)
    info = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info/"
    yield from missing("wheel", [f"{info}licenses/{name}" for name in LICENCES], names)
    for name in names:
        if not name.startswith(("searchkit/", info)):
            yield f"wheel: {name} is neither in searchkit/ nor in {info}"
    for name in ours:
        if PurePosixPath(name).suffix not in ENDINGS:
            yield f"wheel: {name} is of a kind that is not expected"


def sdist_faults(sdist: Path) -> Iterator[str]:
    with tarfile.open(sdist) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames() if "/" in name]
    print(f"{sdist.name}: {len(names)} files, {sdist.stat().st_size / 1e6:.1f} MB")
    yield from missing("sdist", IN_SDIST, names)
    yield from leftovers("sdist", names)


def missing(where: str, wanted: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    have = set(names)
    return (f"{where}: {name} is missing" for name in wanted if name not in have)


def leftovers(where: str, names: Iterable[str]) -> Iterator[str]:
    return (f"{where}: {name} is a leftover" for name in names if any(sign in name for sign in SIGNS_OF_LEFTOVERS))


def main_job_faults(python: str, wheel: Path) -> Iterator[str]:
    """Install the wheel alone, then index, ask and use it as a library."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        run([python, "-m", "venv", str(place / "env")])
        inside = str(place / "env" / "bin" / "python")
        run([inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel.resolve())])
        version = run([inside, "--version"]).strip()
        try:
            main_job(place, inside)
        except (RuntimeError, AssertionError) as error:
            yield f"{version}: {error}"
        else:
            print(f"{version}: index, query and library work offline")


def main_job(place: Path, python: str) -> None:
    (place / "docs").mkdir()
    (place / "docs" / "kitchen.md").write_text(f"# Kitchen\n\n{ANSWER}.\n")
    (place / "docs" / "git.html").write_text("<h1>Git</h1><p>A commit is undone by <code>git revert</code>.</p>")
    searchkit = str(Path(python).with_name("searchkit"))
    run([searchkit, "index", "docs"], place)
    found = run([searchkit, "query", "where is the teapot?", "-k", "1", "--files"], place).strip()
    if found != "docs/kitchen.md":
        raise RuntimeError(f"query gave {found!r}, docs/kitchen.md is expected")
    run([searchkit, "verify"], place)
    run([python, "-W", "error", "-c", LIBRARY], place)


def run(command: list[str], place: Path | None = None) -> str:
    """Standard output of a command; with a place, where there is no network and no other configuration."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SEARCHKIT"))}
    if place is not None:
        nowhere = "http://127.0.0.1:9"
        env |= {"HOME": str(place), "HTTPS_PROXY": nowhere, "HTTP_PROXY": nowhere, "https_proxy": nowhere}
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
