"""Files that are broken, or made to do harm: the run completes, names each refusal, and keeps its memory in bounds."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from mutations import hostile_files, mutated, odd_entries, odd_names
from word_encoder import WordEncoder
from zygote import Zygote

from searchkit import SearchEngine
from searchkit.search import verify_index

pytest.importorskip("pypdfium2")

FREE_MIB = 400  # of any run
PER_BYTE = 40  # more for each byte of the longest file: what JSON's objects take


@dataclass
class Strangers:
    """A folder of files of which any may be broken."""

    zygote: Zygote
    place: Path
    peak_kib: int = 0

    @property
    def files(self) -> Path:
        return self.place / "files"

    def refused(self, longest: int = 0) -> dict[str, str]:
        """Index it, which has to end well and within the memory for its ``longest`` file: reasons by path."""
        ended = self.zygote.run("index_strangers", index=str(self.place / "index"), folder=str(self.files))
        assert ended.status == 0
        assert ended.peak_kib < FREE_MIB * 1024 + PER_BYTE * longest // 1024, f"{ended.peak_kib // 1024} MiB"
        (report,) = ended.acknowledged
        reasons = {path.removeprefix("files/"): reason for path, reason in report["refused"]}
        assert report["taken"] + len(reasons) == sum(not item.is_dir() for item in self.files.iterdir())
        assert all(reason and not reason.startswith("malformed") for reason in reasons.values()), reasons
        self.peak_kib = max(self.peak_kib, ended.peak_kib)
        return reasons

    def assert_sound(self) -> None:
        assert verify_index(self.place / "index", deep=True, encoder=WordEncoder()).is_clean


@pytest.fixture
def strangers(zygote: Zygote, place: Path) -> Strangers:
    (place / "files").mkdir()
    return Strangers(zygote, place)


def test_files_that_went_wrong_are_read_or_refused_by_name(
    strangers: Strangers, is_long: bool, seed: int, tell_figures: Callable[[str, str], None]
) -> None:
    draw, refusals = random.Random(seed), 0
    rounds, files = (20, 500) if is_long else (1, 60)
    for _ in range(rounds):
        shutil.rmtree(strangers.files)
        strangers.files.mkdir()
        for number in range(files):
            data, suffix = mutated(draw)
            (strangers.files / f"{number}{suffix}").write_bytes(data)
        refusals += len(strangers.refused())
    strangers.assert_sound()
    assert refusals > files // 20
    tell_figures(
        f"{rounds * files:,} files mutated (PDF, DOCX, EPUB, HTML, Markdown, notebooks, JSON, CSV, code, noise)",
        f"all runs complete; {refusals:,} refused, each with its reason; at most {strangers.peak_kib // 1024} MiB "
        f"(bound: {FREE_MIB}); verify --deep clean",
    )


def test_files_made_to_do_harm_are_read_or_refused_by_name(
    strangers: Strangers, is_long: bool, tell_figures: Callable[[str, str], None]
) -> None:
    """In the long run each is added alone, so that its memory is its own."""
    size, count = 8_000_000 if is_long else 50_000, 0
    for name, data in hostile_files(size):
        (strangers.files / name).write_bytes(data)
        count += 1
        if is_long:
            strangers.refused(max(size, len(data)))
    refused = strangers.refused(2_000_000)
    assert {"bomb.gz", "members.docx", "deep0.json", "deep1.jsonl", "nul.txt", "matrix.csv"} <= refused.keys()
    strangers.assert_sound()
    tell_figures(
        f"{count} files made to do harm: bombs in zip, gzip and PDF, lines of {size:,} bytes, JSON 100,000 deep, "
        "columns, numbers, lists and tags without end",
        f"all runs complete; {len(refused)} refused, each with its reason; at most {strangers.peak_kib // 1024} MiB "
        f"(bound: {FREE_MIB} MiB, and {PER_BYTE} bytes for each byte of the longest file)",
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_file_is_named_and_never_opened(
    strangers: Strangers, tell_figures: Callable[[str, str], None]
) -> None:
    odd = odd_entries(strangers.files)
    assert len(strangers.refused()) == odd
    names = odd_names(strangers.files)
    assert len(strangers.refused()) == odd
    with SearchEngine.open(strangers.place / "index", encoder=WordEncoder()) as engine:
        assert engine.status().documents == names
    strangers.assert_sound()
    tell_figures(
        "links in circles and to /dev/zero, a pipe, a socket, a device, a line of 1 GB, names with newlines, escapes "
        "and bytes that are no UTF-8",
        f"{odd} refused by name, {names} indexed under theirs",
    )
