"""A map as a picture for paper, drawn by matplotlib."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.errors import InputError, MissingExtraError
from searchkit.insight.mapdata import MapData
from searchkit.insight.mappage import short_label, subtitle_of
from searchkit.insight.palette import GREY, LIGHT, spread_colours

if TYPE_CHECKING:
    from numpy.typing import NDArray

_INCHES, _PAD, _DPI = 8.0, 0.2, 300
_MARGIN = 3.0  # points between two names
_INK, _SOFT = "#1d2330", "#5d6675"
_YAW, _PITCH = 0.6, 0.35  # from where a map in space is seen, as the page begins


def check_map_files(page: Path, picture: Path | None) -> None:
    """See before a long computation that its results can be written.

    Raises:
        InputError: one is a folder, or lies where there is none or nothing may be written; both are one file.
        MissingExtraError: a picture without matplotlib.
    """
    for file in filter(None, (page, picture)):
        if file.is_dir():
            raise InputError(f"{file} is a folder", hint=f"name a file in it, such as {file / 'map.html'}")
        if not file.absolute().parent.is_dir():
            raise InputError(f"{file} cannot be written: {file.parent} is not a folder")
        if not os.access(file if file.exists() else file.absolute().parent, os.W_OK):
            raise InputError(f"{file} cannot be written: you may not write there", hint="choose another place for it")
    if picture is not None and picture.absolute() == page.absolute():
        raise InputError(f"{page} cannot be both page and picture", hint="name another file for one of them")
    if picture is not None and find_spec("matplotlib") is None:
        raise MissingExtraError("matplotlib", "map")


def write_map_png(data: MapData, path: Path) -> None:
    """Draw the map: coloured by topic, names of topics wherever they cover no other, the largest first.

    The ending of the file chooses the format, such as ``.pdf`` or ``.svg``; without one that is known it is PNG.

    Raises:
        InputError: the file cannot be written.
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as exc:
        raise MissingExtraError("matplotlib", "map") from exc
    figure = Figure(figsize=(_INCHES, _INCHES), layout=ConstrainedLayoutEngine(w_pad=_PAD, h_pad=_PAD))
    formats = FigureCanvasAgg(figure).get_supported_filetypes()
    axes = figure.add_subplot()
    seen = _seen(data.places)
    order = np.lexsort((seen[:, 2], data.members != 0))  # what fits no topic lies below, then what is farther away
    size = float(np.clip(30_000 / len(order), 0.5, 16))
    across, up = seen[order, 0], seen[order, 1]
    axes.scatter(across, up, s=size, c=_colours(data)[order], alpha=0.85, linewidths=0, rasterized=True)
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_title(_plain(data.name), loc="left", fontsize=14, fontweight="bold", color=_INK, pad=18)
    axes.text(0, 1.01, subtitle_of(data), transform=axes.transAxes, fontsize=9, color=_SOFT)
    figure.draw_without_rendering()  # where texts come to lie is known only then
    _name_topics(axes, data)
    try:
        form = path.suffix[1:].lower()
        figure.savefig(path, dpi=_DPI, format=form if form in formats else "png")
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror}") from exc


def _seen(places: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N, 3) across, up, and towards the eye."""
    if places.shape[1] == 2:
        return np.pad(places.astype(np.float64), ((0, 0), (0, 1)))
    (sy, cy), (sp, cp) = ((np.sin(angle), np.cos(angle)) for angle in (_YAW, _PITCH))
    turned = np.array([[cy, 0, sy], [sp * sy, cp, -sp * cy], [-cp * sy, sp, cp * cy]])
    seen: NDArray[np.float64] = places @ turned.T
    return seen


def _colours(data: MapData) -> Any:
    shades = [LIGHT[number] for number in spread_colours([topic.at for topic in data.topics])]
    return np.array([GREY, *shades])[data.members]


def _name_topics(axes: Any, data: MapData) -> None:
    from matplotlib.patheffects import withStroke

    taken: list[Any] = []
    for topic in data.topics:
        if topic.at is None:
            continue
        text = axes.text(
            *_seen(np.array([topic.at]))[0, :2],
            _plain(short_label(topic.label)).replace(", ", "\n"),
            ha="center",
            va="center",
            fontsize=7.5,
            fontweight="bold",
            color=_INK,
            path_effects=[withStroke(linewidth=2.2, foreground="white")],
        )
        box = text.get_window_extent().padded(_MARGIN)
        if any(box.overlaps(other) for other in taken):
            text.remove()
        else:
            taken.append(box)


def _plain(text: str) -> str:
    """Dollar signs would begin mathematics, and what is no Unicode cannot be drawn."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("$", r"\$")
