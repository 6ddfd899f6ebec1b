"""The plain loop: its pieces against PyTorch's own and against independent arithmetic."""

import numpy as np
import pytest
import torch

from imagination.errors import RequestError
from imagination.training.students import Recipe, epoch_order, initial_parameters, shuffle_key, train_student
from imagination.training.teacher import Target, make_data

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def by_hand(data, target, recipe):
    """Forward, gradients and Adam in float64 numpy, straight from the formulas. Returns the minibatch losses."""
    W1, b1, W2, b2 = (p.astype(np.float64) for p in initial_parameters(data.teacher.seed, len(data.x), target))
    parameters = [W1, b1, W2, b2]
    m, v = [0 * p for p in parameters], [0 * p for p in parameters]
    x, y = data.x.astype(np.float64), data.targets(target)[0].astype(np.float64)
    key, losses, t = shuffle_key(data.teacher.seed, len(x)), [], 0
    for epoch in range(recipe.epochs):
        order = epoch_order(key, epoch, len(x))
        for start in range(0, len(x), recipe.batch):
            xb, yb = x[order[start : start + recipe.batch]], y[order[start : start + recipe.batch]]
            z = xb @ W1.T + b1
            h = np.maximum(z, 0)
            o = h @ W2.T + b2
            o = np.tanh(o) if recipe.tanh_output else o
            losses.append(((o - yb) ** 2).mean())
            d = 2 * (o - yb) / yb.size * ((1 - o**2) if recipe.tanh_output else 1)
            dh = d @ W2 * (z > 0)
            gradients = [dh.T @ xb, dh.sum(0), d.T @ h, d.sum(0)]
            t += 1
            for p, g, mp, vp in zip(parameters, gradients, m, v, strict=True):
                mp += 0.1 * (g - mp)
                vp += 0.001 * (g**2 - vp)
                p -= 1e-3 * (mp / (1 - 0.9**t)) / (np.sqrt(vp / (1 - 0.999**t)) + 1e-8)
    return np.array(losses)


@pytest.mark.parametrize("tanh_output", [False, True], ids=["linear", "tanh"])
@pytest.mark.parametrize("target", [Target.DYNAMICS, Target.REWARD])
def test_losses_are_those_of_the_formulas(target, tanh_output):
    """40 steps in float64, the last batch of each epoch partial."""
    data, recipe = make_data(0, 1_000), Recipe(epochs=10, tanh_output=tanh_output)
    outcome = train_student(data, target, recipe, record=40, dtype=np.float64)
    assert outcome.steps == 40
    assert outcome.losses == pytest.approx(by_hand(data, target, recipe), rel=1e-10)


def test_initial_parameters_have_the_range_of_nn_linear():
    """The largest of each array is within 2 % (weights) of the bound that PyTorch's default has, and never beyond."""
    torch_first = torch.nn.Linear(16, 64).weight.abs().max().item()
    W1, b1, W2, b2 = initial_parameters(0, 2_000, Target.DYNAMICS)
    assert 0.98 * 0.25 < abs(W1).max() <= 0.25 >= torch_first
    assert abs(b1).max() <= 0.25
    assert 0.98 * 0.125 < abs(W2).max() <= 0.125 >= abs(b2).max()


def test_heads_start_apart_and_share_their_batches():
    dynamics, reward = (initial_parameters(0, 2_000, t)[0] for t in (Target.DYNAMICS, Target.REWARD))
    assert not np.array_equal(dynamics, reward)
    assert shuffle_key(0, 2_000) != shuffle_key(0, 5_000)


def test_training_is_repeatable_and_learns():
    """Twice the same, in float64 to 1e-9: the library may share a product out in another way from call to call."""
    data = make_data(1, 1_000)
    one, two = (train_student(data, Target.REWARD, Recipe(epochs=20), record=1, dtype=np.float64) for _ in range(2))
    assert one.mse == pytest.approx(two.mse, rel=1e-9)
    assert one.mse < 0.5 * one.losses[0]


def test_fixed_number_of_steps_cuts_the_last_epoch():
    data = make_data(0, 600)
    long = train_student(data, Target.REWARD, Recipe(epochs=3), record=9, dtype=np.float64)
    short = train_student(data, Target.REWARD, Recipe(steps=7), record=9, dtype=np.float64)
    assert (long.steps, short.steps) == (9, 7)
    assert short.losses == pytest.approx(long.losses[:7], rel=1e-9)


def test_standardised_errors_are_in_units_of_the_variance():
    """A student that has hardly been trained predicts about nothing: its standardised MSE is about 1."""
    outcome = train_student(make_data(0, 2_000), Target.DYNAMICS, Recipe(steps=1, standardise=True))
    assert 0.9 < outcome.train_mse < 1.3


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("epochs", 0),
        ("epochs", "3"),
        ("steps", 0),
        ("steps", 1.5),
        ("batch", -1),
        ("batch", True),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("tanh_output", 1),
    ],
)
def test_bad_settings_are_refused(setting, value):
    with pytest.raises(RequestError, match=f"{setting} = "):
        Recipe(**{setting: value})


def test_divergence_is_an_error_not_a_number():
    with pytest.raises(RequestError, match="diverged"):
        train_student(make_data(0, 512), Target.REWARD, Recipe(epochs=2, learning_rate=1e30))


def test_float64_is_the_same_training_with_less_rounding():
    """The first losses agree to float32's digits, and not to more: the wider type was used."""
    data = make_data(0, 512)
    single, double = (
        train_student(data, Target.REWARD, Recipe(steps=4), record=4, dtype=d).losses for d in ("f4", "f8")
    )
    assert single == pytest.approx(double, rel=1e-5)
    assert not np.array_equal(single, double)
