from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from searchkit.errors import MissingExtraError
from searchkit.evaluation import (
    BandDensity,
    StsReport,
    band_densities,
    density_svg,
    write_density_html,
    write_density_png,
)
from searchkit.evaluation.density import GRID


@pytest.fixture
def densities() -> list[BandDensity]:
    gold = np.array([0, 0.5, 1.0, 2.2, 4.0, 4.6, 5.0])
    return band_densities(StsReport("made up", 0, 0, {}, np.array([0.0, 0.1, 0.2, 0.3, 0.8, 0.9, 1.0]), gold))


def test_every_pair_is_in_one_band(densities: list[BandDensity]) -> None:
    assert [band.pairs for band in densities] == [2, 1, 1, 0, 3]
    assert densities[-1].mean == pytest.approx(0.9)


def test_a_density_integrates_to_one() -> None:
    cosines = np.random.default_rng(1).normal(0.2, 0.1, 500)
    [band] = band_densities(StsReport("made up", 0, 0, {}, cosines, np.full(500, 5.0)), bands=[(4, 5)])
    assert band.density.sum() * (GRID[1] - GRID[0]) == pytest.approx(1, abs=1e-3)
    assert GRID[band.density.argmax()] == pytest.approx(0.2, abs=0.05)


def test_a_band_of_equal_cosines_has_a_finite_peak() -> None:
    [band] = band_densities(StsReport("made up", 0, 0, {}, np.ones(9), np.full(9, 5.0)), bands=[(4, 5)])
    assert np.isfinite(band.density).all()
    assert band.density.argmax() == len(GRID) - 1


def test_the_svg_is_well_formed_and_has_a_row_a_band(densities: list[BandDensity]) -> None:
    root = ElementTree.fromstring(density_svg(densities))
    names = [child.tag.rpartition("}")[2] for child in root]
    assert names.count("polygon") == 5
    assert names.count("line") == 4  # an empty band has no mean


def test_the_page_needs_nothing_else(densities: list[BandDensity], tmp_path: Path) -> None:
    write_density_html(densities, tmp_path / "figure.html", title="a < b")
    page = (tmp_path / "figure.html").read_text(encoding="utf-8")
    assert "<h1>a &lt; b</h1>" in page
    assert "<script" not in page
    assert "href" not in page


def test_matplotlib_draws_a_png_or_is_named(densities: list[BandDensity], tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError, match="matplotlib"):
            write_density_png(densities, path, title="made up")
    else:
        write_density_png(densities, path, title="made up")
        assert path.read_bytes().startswith(b"\x89PNG")


def test_a_missing_matplotlib_is_named(
    densities: list[BandDensity], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(MissingExtraError, match="matplotlib is not installed") as caught:
        write_density_png(densities, tmp_path / "figure.png", title="made up")
    assert "searchkit[eval]" in caught.value.hint
