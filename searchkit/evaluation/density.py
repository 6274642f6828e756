"""The figure of cosine densities: how well each band of human scores stands apart from the next.

Gao, Yao, Chen 2021, "SimCSE", appendix "Cosine-similarity distribution": STS-B pairs in five bands of gold ratings,
https://arxiv.org/abs/2104.08821
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import EvaluationError, MissingExtraError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.evaluation.sts import StsReport

BANDS = ((0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0), (4.0, 5.0))
GRID = np.linspace(-1.0, 1.0, 401)
_NARROWEST = 0.01  # bandwidth; a band of equal cosines has no spread of its own
_COLOURS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677")  # told apart by the colour-blind (Paul Tol)


@dataclass(frozen=True, eq=False, slots=True)
class BandDensity:
    """Cosines of the pairs with a score from ``low`` up to ``high``.

    Attributes:
        density: (401,) estimated density at -1 to 1; zeros where the band is empty.
        mean: of the cosines; NaN where the band is empty.
    """

    low: float
    high: float
    pairs: int
    mean: float
    density: NDArray[np.float64]

    @property
    def label(self) -> str:
        """Such as ``"3-4 (310 pairs)"``."""
        return f"{self.low:g}-{self.high:g} ({self.pairs} pairs)"


def band_densities(report: StsReport, bands: Sequence[tuple[float, float]] = BANDS) -> list[BandDensity]:
    """Densities of the cosines of a report by band of gold score; the highest band includes its end.

    A Gaussian kernel with the bandwidth of Silverman 1986, "Density Estimation", equation 3.31.
    """
    top = max(high for _, high in bands)
    gold = report.gold
    chosen = ((gold >= low) & ((gold < high) | ((gold == top) & (high == top))) for low, high in bands)
    return [_band(report.cosines[places], low, high) for places, (low, high) in zip(chosen, bands, strict=True)]


def write_density_png(densities: Sequence[BandDensity], path: Path, *, title: str) -> None:
    """Draw the figure with matplotlib.

    Raises:
        MissingExtraError: matplotlib is not installed; `write_density_html` needs nothing.
        EvaluationError: the file cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as exc:
        raise MissingExtraError("matplotlib", "eval") from exc
    figure = Figure(figsize=(7.0, 1.0 + 1.1 * len(densities)), layout="constrained")
    axes = figure.subplots(len(densities), 1, sharex=True, squeeze=False)[:, 0]
    for axis, band, colour in zip(axes, densities, _colours(densities), strict=True):
        axis.fill_between(GRID, band.density, color=colour, alpha=0.7)
        if band.pairs:
            axis.axvline(band.mean, color="black", linewidth=1)
        axis.set_ylabel(band.label, rotation=0, ha="right", va="center")
        axis.set_yticks([])
    axes[-1].set_xlabel("cosine")
    axes[-1].set_xlim(-1, 1)
    figure.suptitle(title)
    FigureCanvasAgg(figure)
    try:
        figure.savefig(path, dpi=150)
    except OSError as exc:
        raise EvaluationError(f"{path} cannot be written: {exc.strerror}") from exc


def write_density_html(densities: Sequence[BandDensity], path: Path, *, title: str) -> None:
    """Write the figure as one HTML file that needs nothing else: no script, no font, no network.

    Raises:
        EvaluationError: the file cannot be written.
    """
    heading = escape(title)
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{heading}</title></head>\n'
        f"<body><h1>{heading}</h1>\n{density_svg(densities)}\n</body></html>\n"
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as exc:
        raise EvaluationError(f"{path} cannot be written: {exc.strerror}") from exc


def density_svg(densities: Sequence[BandDensity]) -> str:
    """The figure as SVG: a row a band, all on one scale, the mean as a line."""
    width, row, left = 720, 80, 150
    highest = max((float(band.density.max()) for band in densities), default=0.0) or 1.0
    x = left + (GRID + 1) / 2 * (width - left - 10)
    parts = []
    for number, (band, colour) in enumerate(zip(densities, _colours(densities), strict=True)):
        base = (number + 1) * row
        heights = base - band.density / highest * (row - 10)
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, heights, strict=True))
        parts.append(f'<polygon points="{x[0]:.1f},{base} {line} {x[-1]:.1f},{base}" fill="{colour}"/>')
        parts.append(f'<text x="{left - 10}" y="{base - 20}" text-anchor="end">{escape(band.label)}</text>')
        if band.pairs:
            mean = left + (band.mean + 1) / 2 * (width - left - 10)
            parts.append(
                f'<line x1="{mean:.1f}" x2="{mean:.1f}" y1="{base - row + 10}" y2="{base}" stroke="black">'
                f"<title>mean {band.mean:.3f}</title></line>"
            )
    bottom = len(densities) * row + 20
    parts += [
        f'<text x="{left + (c + 1) / 2 * (width - left - 10):.1f}" y="{bottom}" text-anchor="middle">{c:g}</text>'
        for c in (-1, -0.5, 0, 0.5, 1)
    ]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 10}" width="{width}" role="img"'
        f' font-family="sans-serif" font-size="12">\n<title>Densities of the cosine by band of gold score</title>\n'
        f"{body}\n</svg>"
    )


def _band(cosines: NDArray[np.float64], low: float, high: float) -> BandDensity:
    count = len(cosines)
    if not count:
        return BandDensity(low, high, 0, float("nan"), np.zeros_like(GRID))
    quartiles = np.quantile(cosines, [0.25, 0.75])
    spread = min(float(cosines.std()), float(quartiles[1] - quartiles[0]) / 1.34)
    width = max(0.9 * spread * count**-0.2, _NARROWEST)
    kernels = np.exp(-0.5 * ((GRID[:, np.newaxis] - cosines) / width) ** 2)
    density = kernels.sum(axis=1) / (count * width * np.sqrt(2 * np.pi))
    return BandDensity(low, high, count, float(cosines.mean()), density)


def _colours(densities: Sequence[BandDensity]) -> list[str]:
    return [_COLOURS[number % len(_COLOURS)] for number in range(len(densities))]
