"""The reader of error tables: what it accepts, and that each refusal names line and column."""

import csv
import io
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagination.errors import RequestError
from imagination.laws import errors_table
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
        ("head,n,mse,seed\na,10,0.1," + "9" * 6000, "line 2, column seed: '999"),
        ("head,n,mse\na,10,1e200\n", "line 2, column mse: '1e200' is not allowed: a number from 1e-150 to 1e+150"),
        ("head;n;mse\na;10;0,1\n", "line 1: columns are separated by ';'"),
        ("head,n,mse\na,10,0,1\n", "line 2: 4 columns where the first line has 3; is there a decimal comma?"),
        ('head,n,mse\na,10,"0,1"\n', "line 2, column mse: '0,1' is not allowed: a number from"),
        ("head,n,mse\na,10,1\nhead,n,mse\n", "line 3: the first line stands there again"),
        ("head,n,mse\na,10,1\n\x1b[31ma,20,1\n", "line 3, column head: '\\x1b[31ma' is not allowed"),
        ("head,n,mse\n" + "a" * 5000 + ",10,1\n", "line 2, column head: 'aaa"),
        ('head,n,mse\na,10,1\n"a,20,1\n', "line 3: not a CSV"),
        ("head,n,mse\na,10,1\na,2\x000,1\n", "line 3: there is a NUL byte"),
        (",".join(f"c{i}" for i in range(5000)), "line 1: 5,000 columns are more than 100"),
        ("head,n,mse\n" + "".join(f"a,{n},1\n" for n in range(1, 502)), "501 different n of head a or more"),
        ("head,n,mse\n" + "".join(f"h{n},1,1\n" for n in range(21)), "21 heads or more, and at most 20"),
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


def test_what_is_no_regular_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder").mkdir()
    for name, reason in (
        (tmp_path / "pipe.csv", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        (tmp_path / "folder", "No such file"),
        ("p" * 300, "too long"),
        ("nul\0.csv", "null"),
    ):
        with pytest.raises(RequestError, match=reason):
            read_errors(name)
    with pytest.raises(RequestError, match="is not allowed: the name of a CSV"):
        read_errors(3)


def test_sizes_beyond_the_limits_are_refused(tmp_path, monkeypatch):
    file = table(tmp_path, "head,n,mse\n" + "a,10,1\n" * 300)
    monkeypatch.setattr(errors_table, "CHUNK", 50)
    assert len(read_errors(file)["a"].n) == 300
    monkeypatch.setattr(errors_table, "MOST_ROWS", 200)
    with pytest.raises(RequestError, match="200 rows or more"):
        read_errors(file)
    monkeypatch.setattr(errors_table, "MOST_BYTES", 1000)
    with pytest.raises(RequestError, match="larger than 1,000 bytes"):
        read_errors(file)


NAMES = st.sampled_from(["dynamics", "reward", "a head, with a comma", 'a "quoted" one', "é"])
ROWS = st.lists(
    st.tuples(NAMES, st.floats(1e-3, 1e9), st.integers(0, 9), st.floats(1e-150, 1e150)),
    min_size=1, max_size=30, unique_by=lambda row: row[:3],
)  # fmt: skip


@given(
    rows=ROWS,
    columns=st.permutations(["head", "n", "seed", "mse", "steps"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    mark=st.sampled_from(["", "\ufeff"]),
    blank=st.integers(0, 2),
    chunk=st.sampled_from([1, 3, 50_000]),
)
@settings(deadline=None)
def test_what_was_written_is_read(rows, columns, end, quoting, mark, blank, chunk):
    """Any table, in any dialect of comma-separated text, comes back number for number and in order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end, quoting=quoting)
    writer.writerow([f" {name.upper()} " for name in columns])
    for head, n, seed, mse in rows:
        values = {"head": head, "n": repr(n), "seed": seed, "mse": repr(mse), "steps": "anything"}
        writer.writerow([values[name] for name in columns])
        text.write(end * blank)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(errors_table, "CHUNK", chunk)
        file = Path(folder, "mine.csv")
        file.write_bytes((mark + text.getvalue()).encode())
        found = read_errors(file)
    assert list(found) == list(dict.fromkeys(head for head, *_ in rows))
    for head, errors in found.items():
        mine = [row for row in rows if row[0] == head]
        assert list(zip(errors.n, errors.seed, errors.error, strict=True)) == [row[1:] for row in mine]
        seeds = [{row[2] for row in mine if row[1] == n} for n in {row[1] for row in mine}]
        assert errors.paired == all(s == seeds[0] for s in seeds)


PIECES = st.sampled_from(
    ["head", "n", "mse", "seed", ",", ",", ",", "\n", "\n", "\r", '"', ";", "a", "10", "0.5", "-1", "nan", "1e999",
     "\x00", "\x1b[0m", "\u2028", " ", "é", "", "head,n,mse\n", "a,10,0.5\n", "a,20,0.5\n"]
)  # fmt: skip


@given(text=st.lists(PIECES, max_size=40).map("".join), junk=st.binary(max_size=5))
@settings(deadline=None, max_examples=300)
def test_any_text_is_a_table_or_one_line(text, junk):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "mine.csv")
        file.write_bytes(text.encode() + junk)
        said, found = "mine.csv", {}
        try:
            found = read_errors(file)
        except RequestError as refusal:
            said = str(refusal)
    assert said.isprintable()
    assert "mine.csv" in said
    assert all((e.n > 0).all() and np.isfinite(e.error).all() for e in found.values())


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
