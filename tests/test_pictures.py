"""The fingerprint of a figure changes with what a reader sees, and with nothing else."""

from __future__ import annotations

import json

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from imagination.book.pictures import fingerprint

X = np.linspace(0.0, 10.0, 101)
NOISE = np.random.default_rng(0).standard_normal(101)


def drawing(**options):
    """A figure with one of each thing that the chapters draw; an option exchanges one of them."""
    o = {
        "curve": np.exp(-X), "label": "theory", "colour": "tab:blue", "style": "-", "title": "A title", "xlabel": "$n$",
        "ylim": (1e-4, 2), "yscale": "log", "text": "here", "at": (4.0, 0.1), "bars": [1.0, 3.0, 2.0],
        "names": ["a", "b", "c"], "points": np.stack([X, NOISE], axis=1), "shades": X,
        "field": np.add.outer(np.arange(6.0), np.arange(5.0)),
        "error": 0.1, "band": 0.5, "line": 2.0, "level": 4.5, "image": np.eye(8), "dpi": 100,
        "family": "DejaVu Sans", "size": 10,
    } | options  # fmt: skip
    with matplotlib.rc_context({"font.family": o["family"], "font.size": o["size"], "figure.dpi": o["dpi"]}):
        figure, axes = plt.subplots(2, 3, layout="constrained")
        (top, middle, right), (low, field, image) = axes
        top.plot(X, o["curve"], o["style"], color=o["colour"], label=o["label"])
        top.axvline(o["line"], color="k")
        top.set(title=o["title"], xlabel=o["xlabel"], yscale=o["yscale"], ylim=o["ylim"])
        top.annotate(o["text"], o["at"], xytext=(5, 5), textcoords="offset points")
        top.legend()
        middle.bar(range(3), o["bars"])
        middle.set_xticks(range(3), o["names"])
        right.scatter(*o["points"].T, c=o["shades"])
        right.errorbar([1, 2, 3], [1, 2, 3], yerr=o["error"])
        low.fill_between(X, np.sin(X), np.sin(X) + o["band"], alpha=0.3)
        mesh = field.pcolormesh(np.arange(6), np.arange(7), o["field"])
        field.contour(o["field"], levels=[o["level"]])
        figure.colorbar(mesh, ax=field, label="height")
        image.imshow(o["image"], aspect="equal")
        found = fingerprint(figure)
    plt.close(figure)
    return found


@pytest.fixture(scope="module")
def usual():
    return drawing()


def test_the_same_drawing_has_the_same_fingerprint_and_it_is_small(usual):
    assert drawing() == usual
    assert len(json.dumps(usual, indent=1)) < 4096


@pytest.mark.parametrize(
    "unseen",
    [
        {"family": "DejaVu Serif"},
        {"size": 14},
        {"dpi": 240},
        {"curve": np.exp(-X) * (1 + 1e-9 * NOISE)},
        {"points": np.stack([X, NOISE * (1 + 1e-9 * NOISE[::-1])], axis=1)},
        {"field": np.add.outer(np.arange(6.0), np.arange(5.0)) * (1 + 1e-9)},
        {"bars": [1.0, 3.0 + 1e-9, 2.0]},
    ],
    ids=["font", "size", "resolution", "curve", "points", "field", "bars"],
)
def test_fonts_and_the_last_digits_leave_it_alone(usual, unseen):
    assert drawing(**unseen) == usual


@pytest.mark.parametrize(
    "seen",
    [
        {"curve": 1.1 * np.exp(-X)},
        {"curve": np.where(X == 5, 1.0, np.exp(-X))},
        {"curve": np.where(np.abs(X - 5) < 0.3, np.nan, np.exp(-X))},
        {"points": np.concatenate([np.stack([X, NOISE], axis=1), [[5, 0]]]), "shades": np.append(X, 5)},
        {"points": np.stack([X, np.where(X == 5, NOISE + 1, NOISE)], axis=1)},
        {"shades": X[::-1]},
        {"label": "practice"},
        {"colour": "tab:red"},
        {"style": "--"},
        {"title": "Another title"},
        {"xlabel": "$N$"},
        {"ylim": (1e-4, 3)},
        {"yscale": "linear"},
        {"text": "there"},
        {"at": (5.0, 0.1)},
        {"bars": [1.0, 3.0, 2.2]},
        {"names": ["a", "b", "d"]},
        {"error": 0.2},
        {"band": 0.6},
        {"line": 2.2},
        {"level": 4.0},
        {"field": np.add.outer(np.arange(6.0), np.arange(5.0)[::-1])},
        {"image": np.eye(8)[::-1]},
    ],
    ids=lambda seen: next(iter(seen)),
)
def test_what_a_reader_would_see_changes_it(usual, seen):
    assert drawing(**seen) != usual


@pytest.mark.parametrize("decimals", [0, 1, 2, 3])
def test_no_value_on_a_regular_grid_lies_near_a_step(decimals):
    """Where a value would lie between two steps, one processor's last digit would turn the check red."""
    grid = np.arange(0, 10 ** min(decimals, 2)) / 10**decimals

    def curve(shift):
        figure = Figure()
        figure.add_subplot(xlim=(0, 1), ylim=(-1, 1)).scatter(grid, grid + shift)
        return fingerprint(figure)

    assert curve(1e-9) == curve(0.0) == curve(-1e-9)


def test_drawing_and_saving_leave_it_alone(tmp_path):
    figure, axis = plt.subplots(layout="constrained")
    axis.plot(np.cos(X), np.sin(X))
    axis.set_aspect("equal", adjustable="datalim")
    before = fingerprint(figure)
    figure.savefig(tmp_path / "x.png", dpi=300, bbox_inches="tight")
    assert fingerprint(figure) == before
    plt.close(figure)


def test_what_is_not_finite_not_visible_or_empty_is_no_error():
    figure, axes = plt.subplots(2, 2)
    axes[0, 0].plot([np.nan, 1, np.inf], [1, 2, 3])
    axes[0, 0].plot([], [])
    axes[0, 0].scatter([], [])
    axes[0, 1].loglog([1, 2, 3], [-1, 0, 1], marker=(5, 1))
    axes[0, 1].set_ylim(0.1, 10)
    axes[1, 0].set_visible(False)
    figure.add_subplot(2, 2, 4, projection="polar").plot([0, 1, 2], [1, 2, 3])
    json.dumps(fingerprint(figure), allow_nan=False)
    plt.close(figure)


def test_many_curves_are_taken_together_and_none_is_lost():
    def curves(shift):
        figure = Figure()
        axis = figure.add_subplot(ylim=(0, 2))
        for i in range(100):
            axis.plot(X, X / 10 + 0.01 * i + (shift if i == 77 else 0), color=(i / 100, 0, 0))
        return fingerprint(figure)

    assert curves(0.0) == curves(0.0)
    assert curves(0.5) != curves(0.0)
    assert len(json.dumps(curves(0.0))) < 4096
