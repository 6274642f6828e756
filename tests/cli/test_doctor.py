from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from searchkit.cli import doctor
from searchkit.cli.doctor import installation, judge_faiss, judge_faiss_packages, judge_place, multiplies_bfloat16
from searchkit.cli.wording import Finding, Level
from searchkit.errors import CheckpointError

Run = Callable[..., Any]


def test_this_installation_can_search() -> None:
    findings = {finding.name: finding for finding in installation()}
    needed = ["python", "numpy", "tokenizers", "onnxruntime", "faiss", "sqlite"]
    assert [findings[name].level for name in needed] == [Level.OK] * len(needed)
    assert "JSON, FTS5" in findings["sqlite"].found


def test_a_gpu_build_that_was_overwritten_is_a_warning_with_its_remedy() -> None:
    finding = judge_faiss("1.15.1 (CPU build)", "1.15.1", is_gpu_build=False, has_gpu_package=True)
    assert finding.level is Level.WARNING
    assert finding.remedy == "pip install --force-reinstall --no-deps faiss-gpu==1.15.1"


@pytest.mark.parametrize(("is_gpu_build", "has_gpu_package"), [(True, True), (False, False), (True, False)])
def test_a_faiss_that_is_what_it_says_is_fine(is_gpu_build: bool, has_gpu_package: bool) -> None:
    assert judge_faiss("1", "1", is_gpu_build=is_gpu_build, has_gpu_package=has_gpu_package).level is Level.OK


@pytest.mark.parametrize(
    "versions",
    [
        {},
        {"faiss-cpu": "1.15.1"},
        {"faiss-gpu-cu12": "1.14.1"},
        {"faiss-cpu": "1.15.1", "faiss-gpu": "1.15.1"},  # as the extra installs them
    ],
)
def test_builds_of_faiss_that_get_along_are_fine(versions: dict[str, str]) -> None:
    assert judge_faiss_packages(versions) is None


@pytest.mark.parametrize("other", [{"faiss-gpu": "1.14.3"}, {"faiss-gpu-cu12": "1.15.1"}, {"faiss-gpu-cuvs": "1.15.1"}])
def test_builds_of_faiss_over_each_other_are_a_problem_with_its_remedy(other: dict[str, str]) -> None:
    finding = judge_faiss_packages({"faiss-cpu": "1.15.1"} | other)
    assert finding is not None
    assert finding.level is Level.PROBLEM
    assert finding.remedy.startswith(f"pip uninstall -y faiss-cpu {next(iter(other))} && pip install --force-reinstall")


def test_an_index_on_a_network_file_system_or_without_room_is_a_warning() -> None:
    assert list(judge_place(None, 2000, 1000)) == []
    network, room = judge_place("nfs4", 500, 1000)
    assert (network.level, room.level) == (Level.WARNING, Level.WARNING)
    assert "(nfs4)" in network.found
    assert room.found.startswith("500 B free, the index has 1.0 kB")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (CheckpointError("no encoder", hint="reinstall searchkit"), "reinstall searchkit"),
        (ImportError("libfaiss.so is missing"), "install searchkit again, from where it came"),
    ],
)
def test_a_broken_part_is_a_problem_not_a_crash(
    error: Exception, remedy: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Finding:
        raise error

    monkeypatch.setattr(doctor, "installation", lambda: [])
    monkeypatch.setattr(doctor, "_encoder", broken)
    monkeypatch.setattr(doctor, "_place", lambda _index: [])
    monkeypatch.setattr(doctor, "_index", lambda _index: Finding(Level.WARNING, "index", "none yet", "make one"))
    outcome = run("doctor")
    assert outcome.code == 2
    assert outcome.out.startswith("problem  encoder: ")
    assert f"mend it with: {remedy}" in outcome.out


def test_warnings_alone_are_no_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "installation", lambda: [])
    monkeypatch.setattr(doctor, "_encoder", lambda: Finding(Level.OK, "encoder", "answers"))
    monkeypatch.setattr(doctor, "_place", lambda _index: [])
    monkeypatch.setattr(doctor, "_index", lambda _index: Finding(Level.WARNING, "index", "none yet", "make one"))
    outcome = run("doctor")
    assert outcome.code == 0
    assert outcome.out == "ok       encoder: answers\nwarning  index: none yet\n         mend it with: make one\n"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx2 avx512_bf16 sha_ni", True), ("fpu amx_bf16 amx_tile", True), ("fpu avx2 sha_ni", False)],
)
def test_a_processor_with_bfloat16_is_told_what_for(flags: str, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    assert multiplies_bfloat16(tmp_path / "cpuinfo") is expected
    assert not multiplies_bfloat16(tmp_path / "none")
