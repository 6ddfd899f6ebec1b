"""The reader of error tables: what it accepts, and that each refusal names line and column."""

import numpy as np
import pytest

from imagination.errors import RequestError
from imagination.laws.errors_table import read_errors


def table(tmp_path, text):
    file = tmp_path / "mine.csv"
    file.write_text(text)
    return file


def test_sweep_folder_is_read_as_it_is(tmp_path):
    (tmp_path / "errors.csv").write_text(
        "head,n,seed,mse,train_mse,steps\ndynamics,2000,0,0.16,0.1,1600\nreward,2000,0,0.04,0.03,1600\n"
        "dynamics,5000,0,0.09,0.1,4000\nreward,5000,0,0.01,0.03,4000\n"
    )
    errors = read_errors(tmp_path)
    assert list(errors) == ["dynamics", "reward"]
    assert errors["dynamics"].squared
    assert errors["dynamics"].norms() == pytest.approx([0.4, 0.3])
    assert errors["dynamics"].norms(outputs=4) == pytest.approx([0.8, 0.6])
    assert errors["reward"].paired


def test_columns_in_any_order_blank_lines_and_a_byte_order_mark(tmp_path):
    errors = read_errors(table(tmp_path, "\ufeffrmse , N,Head\n0.5,10,a\n\n0.25,20,a\n"))["a"]
    assert (errors.measure, errors.error.tolist(), errors.n.tolist()) == ("rmse", [0.5, 0.25], [10, 20])
    assert not errors.paired


def test_rows_without_seeds_are_counted(tmp_path):
    errors = read_errors(table(tmp_path, "head,n,error\na,10,1\na,10,2\na,20,1\n"))["a"]
    assert errors.seed.tolist() == [0, 1, 0]
    assert np.array_equal(errors.norms(outputs=9), errors.error)


def test_seeds_that_differ_between_anchors_are_not_paired(tmp_path):
    assert not read_errors(table(tmp_path, "head,n,error,seed\na,10,1,0\na,20,1,1\n"))["a"].paired


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no column head"),
        ("head,n,mse\n", "holds no errors"),
        ("heads,n,mse\na,1,1\n", "did you mean heads"),
        ("head,n\na,1\n", "none of mse, rmse and error given"),
        ("head,n,mse,sead\na,1,1,0\n", "line 1: the column sead is unknown; did you mean seed"),
        ('head,n,mse\na,1,"' + "1" * 200_000 + '"\n', "line 2: not a CSV"),
        ("head,n,mse,rmse\na,1,1,1\n", "mse and rmse given; exactly one"),
        ("head,n,mse,n\na,1,1,1\n", "column n stands there twice"),
        ("head,n,mse\na,10,0.1\na,20,x\n", "line 3, column mse: 'x' is not allowed"),
        ("head,n,mse\na,10,nan\n", "line 2, column mse: 'nan'"),
        ("head,n,mse\na,10,inf\n", "line 2, column mse: 'inf'"),
        ("head,n,mse\na,10,0\n", "line 2, column mse: '0'"),
        ("head,n,mse\na,-10,0.1\n", "line 2, column n: '-10'"),
        ("head,n,mse\na,,0.1\n", "line 2, column n: ''"),
        ("head,n,mse\n ,10,0.1\n", "line 2, column head: empty"),
        ("head,n,mse\na,10\n", "line 2: 2 columns"),
        ("head,n,mse,seed\na,10,0.1,1.5\n", "line 2, column seed: '1.5'"),
        ("head,n,mse,seed\na,10,0.1,1\na,10,0.2,1\n", "line 3: head a, n = 10, seed = 1 stands in line 2 already"),
    ],
)
def test_refusals_name_the_place(tmp_path, text, message):
    with pytest.raises(RequestError, match=r"mine\.csv") as refusal:
        read_errors(table(tmp_path, text))
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_missing_binary_and_foreign_files(tmp_path):
    with pytest.raises(RequestError, match="can't be read"):
        read_errors(tmp_path / "none.csv")
    with pytest.raises(RequestError, match="finished sweep"):
        read_errors(tmp_path)
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00\x9f")
    with pytest.raises(RequestError, match="UTF-8"):
        read_errors(tmp_path / "b.csv")


def test_a_planner_may_ask_for_two_heads_and_named_repeats(tmp_path):
    def read(text):
        return read_errors(table(tmp_path, text), heads=("dynamics", "reward"), repeats_need_seeds=True)

    good = "head,n,mse\ndynamics,10,1\ndynamics,20,0.5\nreward,10,1\n"
    assert list(read(good)) == ["dynamics", "reward"]
    for text, message in [
        (good + "rewards,20,1\n", "line 5, column head: 'rewards' is unknown; did you mean reward"),
        (good + "dynamics,20,0.6\n", "line 5, column mse: 0.6 contradicts the 0.5 of line 3"),
        ("head,n,mse\ndynamics,10,1\n", "no line of head reward"),
    ]:
        with pytest.raises(RequestError) as refusal:
            read(text)
        assert message in str(refusal.value)
    assert len(read(good + "dynamics,20,0.5\n")["dynamics"].n) == 3
