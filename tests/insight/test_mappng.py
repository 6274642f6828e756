from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from themed_corpus import MakeEngine, themed_texts

from searchkit.errors import InputError, MissingExtraError
from searchkit.insight import find_topics, map_of, write_map_png
from searchkit.insight.mappng import _seen, check_map_files


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_picture_is_drawn_with_the_names_of_topics(
    make_engine: MakeEngine, tmp_path: Path, dimensions: int
) -> None:
    image = pytest.importorskip("matplotlib.image")
    engine = make_engine([*themed_texts(), "$x$ costs $5 or $\\frac{"])
    data = map_of(engine, dimensions=dimensions, method="pca", topics=find_topics(engine, number=4))
    write_map_png(data, tmp_path / "map.png")
    pixels = image.imread(tmp_path / "map.png")
    assert pixels.shape[:2] == (2400, 2400)
    assert len(np.unique(pixels[::4, ::4, :3].reshape(-1, 3), axis=0)) > 50


def test_in_space_the_eye_is_turned_and_nothing_stretched() -> None:
    places = np.random.default_rng(0).standard_normal((10, 3))
    np.testing.assert_allclose(np.linalg.norm(_seen(places), axis=1), np.linalg.norm(places, axis=1))
    np.testing.assert_array_equal(_seen(places[:, :2])[:, :2], places[:, :2])


def test_a_picture_that_cannot_be_written_is_an_error(make_engine: MakeEngine, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match="cannot be written"):
        write_map_png(map_of(make_engine(["one"])), tmp_path / "nowhere" / "map.png")


def test_without_matplotlib_the_extra_is_named(
    make_engine: MakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"searchkit\[map\]"):
        write_map_png(map_of(make_engine(["one"])), tmp_path / "map.png")


def test_places_that_a_map_cannot_have_are_told_before_it_is_made(tmp_path: Path, monkeypatch: Any) -> None:
    with pytest.raises(InputError, match="is a folder") as caught:
        check_map_files(tmp_path, None)
    assert str(tmp_path / "map.html") in str(caught.value.hint)
    with pytest.raises(InputError, match="is not a folder"):
        check_map_files(tmp_path / "none" / "map.html", None)
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)  # the super-user may write anywhere
    with pytest.raises(InputError, match="you may not write there"):
        check_map_files(tmp_path / "map.html", None)
    (tmp_path / "kept.html").touch()
    check_map_files(tmp_path / "kept.html", None)


def test_names_that_are_no_unicode_are_drawn(make_engine: MakeEngine, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    data = dataclasses.replace(map_of(make_engine(["one", "two"]), method="pca"), name="odd\udcff")
    write_map_png(data, tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 0
