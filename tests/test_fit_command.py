"""``imagination fit``: what it prints, when it warns, what it refuses."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from imagination.cli import main
from imagination.cli.fit import command
from imagination.errors import RequestError
from imagination.laws.alternatives import doubts
from imagination.laws.powerlaw import PowerLaw, fit_power_law

ANCHORS = [2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000]


def write(folder, laws, *, measure="mse", seeds=12, noise=0.05, anchors=ANCHORS):
    """Planted errors of teachers that differ by a common factor."""
    generator = np.random.default_rng(0)
    lines = [f"head,n,seed,{measure},train_mse,steps"]
    for head, law in laws.items():
        for seed in range(seeds):
            factor = np.exp(0.4 * generator.standard_normal())
            for n in anchors:
                error = law(n) * factor * np.exp(noise * generator.standard_normal())
                lines.append(f"{head},{n},{seed},{error},0.1,100")
    (folder / "errors.csv").write_text("\n".join(lines) + "\n")
    return folder


def run(*arguments):
    return CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)


def test_folder_of_a_sweep(tmp_path):
    write(tmp_path, {"dynamics": lambda n: 0.08 + 1.4 * n**-0.4, "reward": PowerLaw(50.0, 0.9)})
    found = json.loads(run(tmp_path, "--json", "--resamples", 500).output)["heads"]
    reward, dynamics = found["reward"], found["dynamics"]
    low, high = reward["fits"]["mse"]["exponent_interval_95"]
    assert low < 0.9 < high
    assert reward["bootstrap"] == "paired"
    assert reward["fits"]["rmse"]["exponent"] == pytest.approx(0.45, abs=0.02)
    assert reward["warnings"] == []
    (warning,) = dynamics["warnings"]
    assert "falls ever more slowly" in warning
    assert "power law with a floor 0.0" in warning


def test_text_says_the_same_as_json(tmp_path):
    write(tmp_path, {"reward": PowerLaw(50.0, 0.9)})
    fit = json.loads(run(tmp_path, "--json", "--resamples", 50).output)["heads"]["reward"]["fits"]["rmse"]
    text = run(tmp_path, "--resamples", 50).output
    assert f"rmse  {fit['scale']:.3g} N^-{fit['exponent']:.3g}" in text
    assert "7 anchors from 2000 to 200000, 12 trainings each" in text


def test_norms_are_fitted_as_they_are(tmp_path):
    write(tmp_path, {"reward": PowerLaw(50.0, 0.9)}, measure="error")
    fits = json.loads(run(tmp_path, "--json", "--resamples", 0).output)["heads"]["reward"]["fits"]
    assert list(fits) == ["error"]
    assert fits["error"]["exponent"] == pytest.approx(0.9, abs=0.03)
    assert fits["error"]["exponent_interval_95"] is None


def test_one_training_an_anchor_has_no_interval(tmp_path):
    write(tmp_path, {"reward": PowerLaw(50.0, 0.9)}, seeds=1)
    result = run(tmp_path)
    assert "no intervals: an anchor has one training" in result.output
    assert json.loads(run(tmp_path, "--json").output)["heads"]["reward"]["bootstrap"] == "none"


def test_same_seed_same_output(tmp_path):
    write(tmp_path, {"reward": PowerLaw(50.0, 0.9)})
    assert run(tmp_path, "--seed", 3).output == run(tmp_path, "--seed", 3).output
    assert run(tmp_path, "--seed", 3).output != run(tmp_path, "--seed", 4).output


@pytest.mark.parametrize(
    ("n", "error", "doubt"),
    [
        ([1e3, 1e4, 1e5], [3, 2, 1], "3 anchors can't tell"),
        ([1e3, 2e3, 4e3, 8e3], [8, 4, 2, 1], "span a factor of 8 only"),
        ([1e3, 1e4, 1e5, 1e6], [1, 1.1, 1.2, 1.3], "doesn't fall with n"),
        ([1e3, 1e4, 1e5, 1e6, 1e7], [4, 1, 6, 1, 2], "R² is 0."),
        ([1e3, 1e4, 1e5, 1e6, 1e7], [1, 0.95, 0.8, 0.6, 0.4], "the fall steepens"),
    ],
)
def test_each_doubt(n, error, doubt):
    assert any(doubt in found for found in doubts(fit_power_law(n, error)))


def test_an_exponent_that_may_be_zero():
    """Half of the teachers fall, half grow: the mean falls a little, the interval over teachers holds zero."""
    n, seed = np.tile([1e3, 1e4, 1e5, 1e6], 10), np.repeat(np.arange(10), 4)
    error = (n / 3e4) ** np.where(seed % 2, -0.2, 0.15)
    fit = fit_power_law(n, error, seed=seed, resamples=400, generator=np.random.default_rng(1))
    assert fit.exponent > 0
    assert any("may be zero" in doubt for doubt in doubts(fit))


def test_true_power_laws_are_doubted_no_more_often_than_said():
    """200 planted laws, 30 teachers. The level is 5 %: more than 22 doubted has probability below 1e-3."""
    generator, doubted = np.random.default_rng(2), 0
    for _ in range(200):
        n, seed = np.tile(ANCHORS, 30), np.repeat(np.arange(30), 7)
        factor = np.repeat(np.exp(0.4 * generator.standard_normal(30)), 7)
        error = 3.0 * n**-0.3 * factor * np.exp(0.05 * generator.standard_normal(len(n)))
        doubted += bool(doubts(fit_power_law(n, error, seed=seed, resamples=200, generator=generator)))
    assert doubted <= 22


def test_wrong_requests(tmp_path):
    with pytest.raises(RequestError, match="can't be read"):
        run(tmp_path / "none.csv")
    with pytest.raises(RequestError, match="--resamples 1"):
        run(tmp_path, "--resamples", 1)
    (tmp_path / "one.csv").write_text("head,n,mse\na,100,1\na,100,2\n")
    with pytest.raises(RequestError, match="100 is the only number of samples"):
        run(tmp_path / "one.csv")


@pytest.mark.parametrize(
    "rows", ["a,1000,0.5\na,1001,0.1\n", "a,1000,1e150\na,2000,1e-150\n", "a,1000,1e308\na,2000,1e307\n"]
)
def test_a_law_that_no_number_can_hold_is_refused(tmp_path, rows):
    file = tmp_path / "mine.csv"
    file.write_text("head,n,mse\n" + rows)
    with pytest.raises(RequestError, match=r"too steeply|1e308' is not allowed"):
        run(file, "--json")


def test_what_no_number_can_hold_is_null(tmp_path):
    """Near anchors whose line is a number and whose resampled scales are not all."""
    rows = [f"a,{n},{s},{e}" for n, errors in ((1000, (1, 0.9, 1.1)), (1020, (1.0, 0.1, 5))) for s, e in
            enumerate(errors)]  # fmt: skip
    file = tmp_path / "mine.csv"
    file.write_text("head,n,seed,error\n" + "\n".join(rows))
    result = run(file, "--json", "--resamples", 200)
    fit = json.loads(result.output, parse_constant=pytest.fail)["heads"]["a"]["fits"]["error"]
    assert (fit["scale_standard_error"], fit["scale_interval_95"]) == (None, None)
    assert fit["exponent_interval_95"]
    assert "beyond any number" in run(file, "--resamples", 200).output


def test_exit_code_two_and_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["fit", str(tmp_path / "none.csv")])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
