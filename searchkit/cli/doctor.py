"""``searchkit doctor``: is everything here that searchkit needs, and what to do where it is not.

Each check imports what it judges, so a broken part is a finding and not a crash.
"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

from searchkit.cli.failures import ERROR
from searchkit.cli.options import IndexOption
from searchkit.cli.output import renderer
from searchkit.cli.wording import Finding, Level, of_index, size_words
from searchkit.errors import IndexNotFoundError, SearchkitError, counted
from searchkit.settings import load_settings

_REINSTALL = "install searchkit again, from where it came"  # the searchkit of PyPI is another project
_REINSTALL_FAISS = (
    "pip install --force-reinstall --no-deps faiss-cpu"  # whose folder goes with an uninstalled faiss-gpu
)
_FAISS_PACKAGES = ("faiss-cpu", "faiss-gpu", "faiss-gpu-cuvs", "faiss-gpu-cu12", "faiss-gpu-cu11")


def doctor(index: IndexOption = None) -> None:
    """Check the installation and the index.

    Each line says what was found and, where it is not well, the command that mends it.
    Exit code: 0 all well (warnings allowed), 2 at least one problem.
    """
    findings = [*installation(), *_guarded("encoder", _encoder), *_guarded("index", lambda: _index(index))]
    findings += _place(index)
    renderer().show_findings(findings)
    if any(finding.level is Level.PROBLEM for finding in findings):
        raise typer.Exit(ERROR)


def installation() -> Iterator[Finding]:
    """What does not depend on an encoder or an index."""
    yield _python()
    for package in ("numpy", "tokenizers", "onnxruntime"):
        yield from _guarded(package, lambda package=package: _package(package))  # type: ignore[misc]
    yield from _guarded("faiss", _faiss, remedy=_REINSTALL_FAISS)
    yield from _guarded("sqlite", _sqlite)
    yield from _guarded("many questions", _many_questions)  # before torch is loaded, as other commands find it
    yield from _guarded("torch", _torch)
    yield from _guarded("openvino", _openvino)
    yield from _guarded("pypdfium2", lambda: _optional("pypdfium2", "PDF files", "docs"))


def _guarded(name: str, check: Callable[[], Finding], remedy: str = _REINSTALL) -> Iterator[Finding]:
    try:
        yield check()
    except SearchkitError as error:
        yield Finding(Level.PROBLEM, name, error.message, error.hint)
    except Exception as error:  # a broken package may raise anything on import; that is what is looked for
        yield Finding(Level.PROBLEM, name, f"{type(error).__name__}: {error}", remedy)


def _python() -> Finding:
    found = f"{platform.python_version()} ({platform.system()} {platform.machine()}, {sys.executable})"
    return Finding(Level.OK, "python", found)


def _package(name: str) -> Finding:
    module = import_module(name)
    return Finding(Level.OK, name, str(module.__version__))


def _faiss() -> Finding:
    import faiss

    is_gpu_build = hasattr(faiss, "StandardGpuResources")
    build = f"{'GPU' if is_gpu_build else 'CPU'} build, {faiss.get_compile_options().strip()}"
    found = f"{faiss.__version__} ({build})"
    versions = {name: _version_of(name) for name in _FAISS_PACKAGES}
    mixed = judge_faiss_packages({name: version for name, version in versions.items() if version is not None})
    has_gpu_package = versions["faiss-gpu"] is not None
    return mixed or judge_faiss(found, faiss.__version__, is_gpu_build=is_gpu_build, has_gpu_package=has_gpu_package)


def judge_faiss_packages(versions: Mapping[str, str]) -> Finding | None:
    """All builds of FAISS install the same folder; two of different versions leave a mixture of both."""
    strangers = [name for name in versions if name not in ("faiss-cpu", "faiss-gpu")]
    if len(versions) < 2 or (not strangers and len(set(versions.values())) == 1):
        return None
    found = " and ".join(f"{name} {version}" for name, version in versions.items())
    remedy = f"pip uninstall -y {' '.join(versions)} && {_REINSTALL_FAISS}"
    return Finding(Level.PROBLEM, "faiss", f"{found} are installed over each other", remedy)


def judge_faiss(found: str, faiss_version: str, *, is_gpu_build: bool, has_gpu_package: bool) -> Finding:
    """faiss-cpu and faiss-gpu install the same folder; whichever came last has overwritten the other."""
    if has_gpu_package and not is_gpu_build:
        remedy = f"pip install --force-reinstall --no-deps faiss-gpu=={faiss_version}"
        return Finding(Level.WARNING, "faiss", f"{found}; faiss-gpu is installed but faiss-cpu overwrote it", remedy)
    return Finding(Level.OK, "faiss", found)


def _version_of(distribution: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _sqlite() -> Finding:
    import sqlite3

    with sqlite3.connect(":memory:") as connection:
        missing = [name for name, probe in _SQLITE_PROBES.items() if not _answers(connection, probe)]
    connection.close()
    if missing:
        found = f"{sqlite3.sqlite_version} without {' and '.join(missing)}"
        return Finding(
            Level.PROBLEM, "sqlite", found, "use a Python whose SQLite is 3.38 or newer, such as python.org's"
        )
    return Finding(Level.OK, "sqlite", f"{sqlite3.sqlite_version} (JSON, FTS5)")


_SQLITE_PROBES = {
    "JSON": "SELECT json_extract('[1]', '$[0]')",
    "FTS5": "CREATE VIRTUAL TABLE probe USING fts5(text)",
}


def _answers(connection: Any, probe: str) -> bool:
    import sqlite3

    try:
        connection.execute(probe)
    except sqlite3.OperationalError:
        return False
    return True


def _torch() -> Finding:
    if find_spec("torch") is None:
        return Finding(Level.OK, "torch", "not installed; needed only to train: pip install 'searchkit[train]'")
    import torch

    if torch.cuda.is_available():
        return Finding(Level.OK, "torch", f"{torch.__version__}, {torch.cuda.get_device_name(0)}")
    return Finding(Level.OK, "torch", f"{torch.__version__}, no CUDA device")


def _many_questions() -> Finding:
    """Where they are searched: one question never leaves the CPU."""
    from searchkit.index import gpu

    reason = gpu.why_not(load_settings().device)
    return Finding(Level.OK, "many questions", f"searched on the CPU: {reason}" if reason else gpu.described())


def _optional(module: str, purpose: str, extra: str) -> Finding:
    if find_spec(module) is None:
        return Finding(Level.OK, module, f"not installed; needed only for {purpose}: pip install 'searchkit[{extra}]'")
    from importlib.metadata import version

    return Finding(Level.OK, module, f"{version(module)} ({purpose})")


def _openvino() -> Finding:
    purpose = "SEARCHKIT_DEVICE=openvino"
    if multiplies_bfloat16(Path("/proc/cpuinfo")):
        purpose += ", much text faster in bfloat16, which this processor has"
    return _optional("openvino", purpose, "openvino")


def multiplies_bfloat16(cpuinfo: Path) -> bool:
    """Whether Linux says so of the processor; elsewhere nothing is known of it."""
    try:
        flags = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(f" {flag}" in flags for flag in ("avx512_bf16", "amx_bf16"))


def _encoder() -> Finding:
    """The bundled encoder: its files are what was shipped, and it answers."""
    from searchkit.encoder import bundled_folder, canary_vectors, check_canaries, load_encoder, verify_checkpoint

    encoder = load_encoder()
    verify_checkpoint(bundled_folder())
    check_canaries(encoder, canary_vectors(encoder))
    shape = f"{encoder.dimension} dimensions, {encoder.max_tokens} tokens"
    return Finding(Level.OK, "encoder", f"{encoder.name} ({shape}), files intact")


def _index(index: str | None) -> Finding:
    """The index: it opens, and a search with its encoder works."""
    from searchkit.cli.session import open_engine

    try:
        with open_engine(index) as engine:
            state = engine.status()
            engine.search("does it answer?", 1)
    except IndexNotFoundError as error:
        return Finding(Level.WARNING, "index", error.message, error.hint)
    return Finding(Level.OK, "index", f"{state.name}: {counted(state.chunks, 'chunk')} in {state.folder}")


def _place(index: str | None) -> Iterator[Finding]:
    """What the index lies in: whether its vectors file is sound, that disk fit for it and with room for one more."""
    from searchkit.cli.session import open_engine

    try:
        with open_engine(index) as engine:
            folder, state = engine.folder, engine.status()
    except SearchkitError:
        return  # told already
    from searchkit.directory import network_file_system

    if state.vectors_problem is not None:
        found = f"{state.vectors_problem}; answers are made from the database meanwhile, which is slower"
        yield Finding(Level.WARNING, "vectors file", found, of_index("searchkit repair", index))
    yield from judge_place(network_file_system(folder), shutil.disk_usage(folder).free, state.size_bytes)


def judge_place(network: str | None, free: int, size: int) -> Iterator[Finding]:
    """A network file system is safe for one machine alone; a new encoder, a repair and a compaction need room."""
    if network is not None:
        found = f"the index is on a network file system ({network}), safe only while one machine uses it"
        yield Finding(Level.WARNING, "place", found, "searchkit backup FOLDER on a local disk, and use that one")
    if free < size:
        found = f"{size_words(free)} free, the index has {size_words(size)}"
        yield Finding(
            Level.WARNING, "room", f"{found}; rebuild, repair and compact write it once more", "free some disk space"
        )
