"""What a figure draws, as a few lines of text that a regression check can compare.

nbval cannot see pictures, and their pixels differ with every font and library version. A fingerprint holds what a
reader would miss if it changed: titles, labels, scales, limits, legends, texts, and for each curve, band, bar or image
its kind, label, colour and style, the number of its points, and where they lie in its axes, in two hundredths of them.
Neither the digits of a processor nor fonts, sizes and resolutions enter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from IPython import get_ipython
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.category import StrCategoryFormatter
from matplotlib.collections import Collection, LineCollection, PathCollection, PolyCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.quiver import Quiver
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter
from matplotlib.transforms import IdentityTransform, Transform

from imagination.checks import Floats

FIGURE_MIME = "application/vnd.imagination.figure+json"

STEPS = 200  # of an axis
OFFSET = 0.381966  # no value on a regular grid lies near a step, so that the last digits of a value decide nothing
PLACES = 16  # at most, at which the course of one curve is kept
GROUPS = 24  # at most, of artists in a figure; where there are more, those of one colour, then of one kind, are taken together


def install() -> None:
    """Let every figure that IPython displays carry its fingerprint beside the picture. Outside IPython: nothing."""
    shell = get_ipython()
    if shell is not None:
        shell.display_formatter.mimebundle_formatter.for_type(Figure, lambda figure: {FIGURE_MIME: fingerprint(figure)})


def fingerprint(figure: Figure) -> dict[str, Any]:
    """Describe what a figure draws.

    Args:
        figure: as it is about to be displayed; its limits are settled by this, nothing else changes.

    Returns:
        A JSON object, mostly of strings, one a curve.

    Example:
        >>> figure = Figure()
        >>> axis = figure.add_subplot(xlabel="$n$", ylabel="error", ylim=(0, 1))
        >>> _ = axis.plot([0, 1, 2], [0.1, 0.4, 0.2], "o:", color="black", label="measured")
        >>> fingerprint(figure)["axes"]  # doctest: +NORMALIZE_WHITESPACE
        [{'x': '$n$; linear from -0.1 to 2.1', 'y': 'error; linear from 0 to 1',
          'draws': ["line 'measured' #000000 o:, 3 points: 9,20 100,80 191,40"]}]
    """
    every: Iterator[Any] = chain.from_iterable((axis, *axis.child_axes) for axis in figure.axes)
    shown: list[Axes] = [axis for axis in every if axis.get_visible()]
    drawn = [[_part(artist, axis) for artist in _artists(axis)] for axis in shown]
    keys: tuple[Callable[[Part], str], ...] = (lambda p: p.name, lambda p: f"{p.kind} {p.look}", lambda p: p.kind)
    counts = {key: sum(len({key(part) for part in parts}) for parts in drawn) for key in keys}
    key = next((key for key in keys if counts[key] <= GROUPS), keys[-1])
    places = max(4, min(PLACES, 200 // max(counts[key], 1)))
    panels = [_panel(axis) | _filled(draws=_lines(parts, key, places)) for axis, parts in zip(shown, drawn, strict=True)]
    return {"axes": panels} | _filled(texts=_texts(figure.texts), legend=_legends(figure.legends))


@dataclass(frozen=True)
class Part:
    """One artist: what it is called, the number of its points or pieces, where they lie, and what their colours mean."""

    kind: str
    label: str
    look: str
    count: int
    points: Floats  # (n, 2), in the coordinates of the axes, finite
    values: tuple[Floats, ...] = ()

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.kind, repr(self.label) if self.label else "", self.look)))


def _filled(**parts: Any) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part}


def _panel(axis: Axes) -> dict[str, Any]:
    titles = [axis.get_title(loc) for loc in ("left", "center", "right")]
    legend = axis.get_legend()
    return _filled(
        title=" | ".join(filter(None, titles)),
        x=_scale(axis.xaxis, axis.get_xlabel(), _limits(axis)[0]),
        y=_scale(axis.yaxis, axis.get_ylabel(), _limits(axis)[1]),
        legend=_legends([legend] if legend else []),
        texts=_texts(axis.texts, axis),
    )


def _scale(axis: Axis, label: str, limits: Floats) -> str:
    """Label, scale and limits of an axis; its ticks where they were set by hand."""
    low, high = axis.get_transform().transform(limits)
    power = "10^" if axis.get_scale() == "log" else ""
    line = f"{label}; {axis.get_scale()} from {power}{_short(low, high - low)} to {power}{_short(high, high - low)}"
    locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
    if isinstance(formatter, StrCategoryFormatter) or (
        isinstance(locator, FixedLocator) and isinstance(formatter, FixedFormatter | FuncFormatter)
    ):
        line += f"; ticks {', '.join(formatter.format_ticks(list(locator())))}"
    return line


def _limits(axis: Axes) -> Floats:
    """Lower and upper ends of both axes; of the data where the layout decides the limits."""
    if axis.get_adjustable() == "datalim" and axis.get_aspect() != "auto":
        return np.array([axis.dataLim.intervalx, axis.dataLim.intervaly])
    return np.array([axis.get_xlim(), axis.get_ylim()])


def _short(value: float, span: float) -> str:
    """A number to a thousandth of the span's power of ten."""
    digits = 3 - math.floor(math.log10(1.2345 * abs(span) or 1.0))
    return f"{round(math.floor(value * 10.0**digits + OFFSET) / 10.0**digits, digits) + 0.0:g}"


def _texts(texts: Iterable[Text], axis: Axes | None = None) -> list[str]:
    """Texts and where they stand; an annotation stands at what it points to, if that is a place in the data."""
    found = []
    for text in texts:
        if text.get_visible() and text.get_text():
            at: list[str] = []
            if axis is not None and isinstance(text, Annotation):
                at = _places(_inside([text.xy], axis.transData, axis), 1) if text.xycoords == "data" else []
            elif axis is not None:
                at = _places(_inside([text.get_position()], text.get_transform(), axis), 1)
            found.append(" ".join([repr(text.get_text()), *at]))
    return found


def _legends(legends: Iterable[Legend]) -> list[str]:
    return [text.get_text() for legend in legends if legend.get_visible() for text in legend.get_texts()]


def _artists(axis: Axes) -> Iterator[Artist]:
    """Curves, bands, bars and images; the inside of a colour bar is Matplotlib's, its scale says what it means."""
    if axis.get_label() != "<colorbar>":
        every = chain(axis.lines, axis.collections, axis.patches, axis.images)
        yield from (artist for artist in every if artist.get_visible())


def _part(artist: Artist, axis: Axes) -> Part:
    label = "" if str(artist.get_label()).startswith("_") else str(artist.get_label())
    if isinstance(artist, Line2D):
        marker = artist.get_marker() if isinstance(artist.get_marker(), str) else "marker"
        style = "".join(x for x in (str(marker), str(artist.get_linestyle())) if x.strip() not in ("None", ""))
        steps = "" if artist.get_drawstyle() == "default" else f" {artist.get_drawstyle()}"
        points = _inside(artist.get_xydata(), artist.get_transform(), axis)
        return Part("line", label, f"{_hex(artist.get_color())} {style}{steps}", len(points), points)
    if isinstance(artist, AxesImage):
        left, right, bottom, top = artist.get_extent()
        points = _inside([[left, bottom], [right, top]], artist.get_transform(), axis)
        return Part("image", label, _colour(artist), artist.get_size()[0] * artist.get_size()[1], points, _values(artist))
    if isinstance(artist, ContourSet):
        return _contours(artist, label, axis)
    if isinstance(artist, Collection):
        return _collection(artist, label, axis)
    if isinstance(artist, Patch):
        points = _inside(artist.get_path().vertices, artist.get_transform(), axis)
        return Part("patch", label, _hex(artist.get_facecolor()), len(points), points)
    return Part(type(artist).__name__, label, "", 0, np.empty((0, 2)))


def _collection(artist: Collection, label: str, axis: Axes) -> Part:
    kinds = {LineCollection: "segments", PathCollection: "points", QuadMesh: "mesh", PolyCollection: "area"}
    kind = next((name for cls, name in kinds.items() if isinstance(artist, cls)), "collection")
    if isinstance(artist, QuadMesh):
        points = _inside(artist.get_coordinates(), artist.get_transform(), axis)
    elif isinstance(artist.get_offset_transform(), IdentityTransform):
        paths = [path.vertices for path in artist.get_paths()]
        points = _inside(np.concatenate(paths) if paths else np.empty((0, 2)), artist.get_transform(), axis)
    else:
        points = _inside(artist.get_offsets(), artist.get_offset_transform(), axis)
    return Part(kind, label, _colour(artist), len(points), points, _values(artist))


def _contours(artist: ContourSet, label: str, axis: Axes) -> Part:
    """Centre and length of each level's lines: their vertices come and go with the last digits of the data."""
    centres, lengths = [], []
    for path in artist.get_paths():
        lines = [_inside(line, artist.get_transform(), axis) for line in path.to_polygons(closed_only=False)]
        middles = np.concatenate([np.empty((0, 2)), *((line[1:] + line[:-1]) / 2 for line in lines)])
        long = np.concatenate([np.empty(0), *(np.hypot(*np.diff(line, axis=0).T) for line in lines)])
        lengths.append(long.sum())
        if long.sum() > 0:
            centres.append(np.average(middles, axis=0, weights=long))
    levels = " ".join(_short(level, float(np.ptp(np.asarray(artist.levels))) or level) for level in artist.levels)
    look = f"{_colour(artist)} at {levels}"
    return Part("contours", label, look, len(centres), np.reshape(centres, (-1, 2)), (np.array(lengths),))


def _values(artist: Any) -> tuple[Floats, ...]:
    """What the colours say, from 0 to 1; a field is read along its rows and along its columns."""
    if isinstance(artist, Quiver):
        U, V = (_filled_in(part).ravel() for part in (artist.U, artist.V))
        size = float(np.max(np.hypot(U, V), initial=0.0)) or 1.0
        return U / size, V / size
    array = artist.get_array()
    if array is None:
        return ()
    if np.ndim(array) == 3:  # red, green and blue
        scaled = np.asarray(array, dtype=float) / (255 if np.asarray(array).dtype == np.uint8 else 1)
    else:
        scaled = _filled_in(artist.norm(array))
    return (scaled.ravel(), scaled.swapaxes(0, 1).ravel()) if scaled.ndim > 1 else (scaled,)


def _colour(artist: Any) -> str:
    """The colour, or the map and what its ends mean."""
    array = artist.get_array()
    if array is not None:
        if np.ndim(array) == 3:
            return "in colour"
        artist.norm.autoscale_None(array)
        low, high = artist.get_clim()
        return f"{artist.get_cmap().name} from {_short(low, high - low)} to {_short(high, high - low)}"
    rows: Any = next((rows for rows in (artist.get_facecolor(), artist.get_edgecolor()) if len(rows)), [])
    return " ".join(dict.fromkeys(_hex(row) for row in rows[:3]))


def _filled_in(array: Any) -> Floats:
    return np.asarray(np.ma.filled(np.ma.asarray(array, dtype=float), np.nan))


def _hex(colour: Any) -> str:
    return to_hex(colour, keep_alpha=True).removesuffix("ff")


def _inside(points: Any, transform: Transform, axis: Axes) -> Floats:
    """Points in the coordinates of the axes, from 0 to 1; those that are not finite are left out."""
    points = _filled_in(points).reshape(-1, 2)
    frame = _limits(axis).T if axis.name == "rectilinear" else np.array([[0.0, 0.0], [1.0, 1.0]])
    with np.errstate(all="ignore"):
        ends = (axis.transData if axis.name == "rectilinear" else axis.transAxes).transform(frame)
        inside = (transform.transform(points) - ends[0]) / np.where(ends[1] == ends[0], 1.0, ends[1] - ends[0])
    return np.asarray(np.clip(inside[np.isfinite(inside).all(axis=1)], -9, 9))


def _lines(parts: list[Part], key: Callable[[Part], str], places: int) -> list[str]:
    """One line for the parts of one name: how many points, where they lie, what their colours say."""
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(key(part), []).append(part)
    lines = []
    for name, members in groups.items():
        points = np.concatenate([part.points for part in members])
        line = f"{name}, {sum(part.count for part in members)} points: {' '.join(_places(points, places))}"
        for values in zip(*(part.values for part in members), strict=False):
            line += "; " + " ".join(_places(np.concatenate(values)[:, None], places))
        lines.append(line)
    return lines


def _places(points: Floats, places: int) -> list[str]:
    """Each point in steps; of many, the means of as many runs, and the two corners of the box around all."""
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) > places:
        runs = [run.mean(axis=0) for run in np.array_split(points, places)]
        points = np.array([*runs, points.min(axis=0), points.max(axis=0)])
    return [",".join(str(int(x)) for x in row) for row in np.floor(STEPS * points + OFFSET)]
