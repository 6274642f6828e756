"""The manual page that packagers make has every command and option, and is what man expects."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from searchkit.cli.app import COMMANDS

MAKER = Path(__file__).parent.parent / "docs" / "make_manual.py"


@pytest.fixture(scope="module")
def page() -> str:
    return subprocess.run([sys.executable, str(MAKER)], capture_output=True, check=True, encoding="utf-8").stdout


def without_marks(page: str) -> str:
    """The words of a page without what roff reads in it."""
    page = re.sub(r"\\f[BIR]|^\.\w+ ?", "", page, flags=re.MULTILINE)
    for mark, sign in (("\\-", "-"), ("\\(aq", "'"), ("\\(ti", "~"), ("\\(ha", "^"), ("\\(ga", "`"), ("\\(rs", "\\")):
        page = page.replace(mark, sign)
    return page


def test_every_command_and_option_is_in_it(page: str) -> None:
    words = without_marks(page)
    for name, lazy in COMMANDS.items():
        command = lazy.load(name, None)
        inner = {f"{name} {called}": one for called, one in getattr(command, "commands", {}).items()}
        for called, one in {name: command, **inner}.items():
            assert f"searchkit {called} [OPTIONS]" in words
            assert " ".join(one.help.partition("\n\n")[0].split()).replace("`", "") in words
            spellings = {spelling for option in one.params for spelling in (*option.opts, *option.secondary_opts)}
            assert [spelling for spelling in spellings if spelling.startswith("-") and spelling not in words] == []


def test_every_variable_of_the_environment_is_in_it(page: str) -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in (MAKER.parents[1] / "searchkit").rglob("*.py"))
    read = set(re.findall(r"(?<!_)SEARCHKIT_[A-Z]+(?:_[A-Z]+)*\b", sources))
    assert len(read) > 5
    assert [name for name in read if name not in without_marks(page)] == []


def test_exit_codes_and_files_are_in_it(page: str) -> None:
    words = without_marks(page)
    assert all(f".TP\n\\fB{code}\\fR" in page for code in (0, 1, 2, 130))
    assert {"searchkit.toml", ".searchkitignore"} <= set(words.split())


def test_no_line_is_taken_for_a_request_of_roff(page: str) -> None:
    requests = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".I"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_has_nothing_to_complain_of(page: str) -> None:
    done = subprocess.run(
        ["groff", "-ww", "-Kutf8", "-man", "-Tutf8"],
        input=page,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert done.stderr == ""
    assert "searchkit - semantic search over your own documents, offline" in done.stdout
