"""``imagination plan`` as a user meets it: text, JSON, and one line with exit code 2 for every wrong request."""

import json
import subprocess
import sys

import pytest

from imagination.cli import main

ROWS = """head,n,seed,mse
dynamics,1000,0,0.20
dynamics,1000,1,0.21
dynamics,4000,0,0.15
dynamics,4000,1,0.155
dynamics,16000,0,0.11
dynamics,16000,1,0.113
reward,1000,0,0.080
reward,1000,1,0.082
reward,4000,0,0.021
reward,4000,1,0.022
reward,16000,0,0.0055
reward,16000,1,0.0054
"""
MONEY = ["--budget", "20000", "--cost-dyn", "1", "--cost-rew", "5"]
CONSTANTS = ["--gamma", "0.95", "--lipschitz-dyn", "0.6", "--lipschitz-rew", "1", "--lipschitz-pi", "0.5"]


def run(capsys, *arguments):
    """Exit code, stdout and stderr."""
    code = 0
    try:
        main(["plan", *map(str, arguments)])
    except SystemExit as stop:
        code = stop.code or 0
    output = capsys.readouterr()
    return code, output.out, output.err


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "errors.csv"
    file.write_text(ROWS)
    return file


def test_the_text_says_what_to_buy(table, capsys):
    code, out, err = run(capsys, table, *MONEY, *CONSTANTS, "--target", "40")
    assert (code, err) == (0, "")
    for words in ("dynamics", "reward", "share of dynamics", "an even split", "next unit of money", "Careful:",
                  "mean squared errors were given", "for a target of 40"):  # fmt: skip
        assert words in out


def test_text_and_json_agree_and_spend_the_budget(table, capsys):
    _, out, _ = run(capsys, table, *MONEY, *CONSTANTS, "--json")
    plan = json.loads(out)
    assert plan["n_dyn"] + 5 * plan["n_rew"] == pytest.approx(20_000)
    _, text, _ = run(capsys, table, *MONEY, *CONSTANTS)
    assert f"{plan['n_dyn']:,.0f}" in text
    assert f"{plan['share_dyn']:.1%}" in text
    assert all(line in " ".join(text.split()) for line in plan["warnings"])
    assert max(map(len, text.splitlines())) <= 80


def test_a_folder_of_a_sweep_is_read(table, capsys):
    assert run(capsys, table.parent, *MONEY, "--weight", "3")[0] == 0


def test_the_seed_decides_the_intervals_and_nothing_else(table, capsys):
    table.write_text("".join(line + "\n" for line in ROWS.splitlines() if line.split(",")[2] != "1"))
    plans = [json.loads(run(capsys, table, *MONEY, "--weight", 3, "--json", "--seed", s)[1]) for s in (0, 0, 1)]
    assert plans[0] == plans[1]
    assert plans[0]["intervals"] != plans[2]["intervals"]
    assert plans[0]["n_dyn"] == plans[2]["n_dyn"]


@pytest.mark.parametrize(
    ("replace", "by", "words"),
    [
        ("head,n,seed,mse", "head,n,seed", "none of mse, rmse and error given"),
        ("head,n,seed,mse", "head,n,sead,mse", "column sead is unknown"),
        ("head,n,seed,mse", "head,samples,seed,mse", "no column n"),
        ("dynamics,4000,0,0.15\n", "dynamics,4000,0,nan\n", "line 4, column mse: 'nan'"),
        ("dynamics,4000,0,0.15\n", "dynamics,4000,0,-0.15\n", "line 4, column mse: '-0.15'"),
        ("dynamics,4000,0,0.15\n", "dynamics,4000,0,0\n", "line 4, column mse: '0'"),
        ("dynamics,4000,0,0.15\n", "dynamics,0,0,0.15\n", "line 4, column n: '0'"),
        ("dynamics,4000,0,0.15\n", "dynamics,1000,0,0.15\n", "line 4: head dynamics, n = 1000, seed = 0 stands"),
        ("dynamics,4000,0,0.15\n", "dynamic,4000,0,0.15\n", "line 4, column head: 'dynamic' is unknown; did you mean"),
    ],
)
def test_tables_that_are_refused_with_line_and_column(table, capsys, replace, by, words):
    assert replace in ROWS
    table.write_text(ROWS.replace(replace, by))
    code, out, err = run(capsys, table, *MONEY, "--weight", "3")
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_tables_without_seeds(table, capsys):
    rows = "head,n,mse\ndynamics,10,1\ndynamics,90,0.5\nreward,10,1\nreward,90,0.5\n"
    table.write_text(rows)
    assert run(capsys, table, *MONEY, "--weight", "3")[0] == 0
    table.write_text(rows + "reward,90,0.1\n")
    code, _, err = run(capsys, table, *MONEY, "--weight", "3")
    assert code == 2
    assert "line 6, column mse: 0.1 contradicts the 0.5 of line 5" in err
    table.write_text("head,n,mse\ndynamics,10,1\ndynamics,90,0.5\nreward,10,1\n")
    code, _, err = run(capsys, table, *MONEY, "--weight", "3")
    assert code == 2
    assert "head reward, column n: 10 is the only number of samples" in err


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00\xff", b"", b'{"head": 1}', b"PK\x03\x04\xff\xfe"])
def test_files_that_are_no_table(table, capsys, content):
    table.write_bytes(content)
    code, out, err = run(capsys, table, *MONEY, "--weight", "3")
    assert (code, out) == (2, "")
    assert "errors.csv" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--budget", "0.5", *MONEY[2:], "--weight", "3"], "less than one sample"),
        (["--budget", "-1", *MONEY[2:], "--weight", "3"], "budget = -1"),
        (["--budget", "nan", *MONEY[2:], "--weight", "3"], "budget = nan"),
        (["--budget", "much", *MONEY[2:], "--weight", "3"], "--budget"),
        ([*MONEY[:4], "--weight", "3"], "--cost-rew"),
        (MONEY, "nothing says how dynamics error weighs"),
        ([*MONEY, "--gamma", "0.9", "--lipschitz-dyn", "1"], "--lipschitz-rew, --lipschitz-pi not given"),
        ([*MONEY, "--gamma", "1.5", *CONSTANTS[2:]], "gamma = 1.5"),
        ([*MONEY, *CONSTANTS, "--weight", "3"], "one or the other"),
        ([*MONEY, *CONSTANTS, "--target", "-3"], "target = -3"),
        ([*MONEY, *CONSTANTS, "--horizon", "0"], "horizon = 0"),
        ([*MONEY, *CONSTANTS, "--seed", "-1"], "--seed -1"),
        ([*MONEY, *CONSTANTS, "--lipshitz-dyn", "1"], "--lipshitz-dyn"),
    ],
)
def test_requests_that_are_refused(table, capsys, arguments, words):
    code, out, err = run(capsys, table, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_missing_file(tmp_path, capsys):
    code, _, err = run(capsys, tmp_path / "none.csv", *MONEY, "--weight", "3")
    assert code == 2
    assert "can't be read" in err


def test_an_expansive_model_gets_a_finite_horizon_and_is_told(table, capsys):
    expanding = [*CONSTANTS[:2], "--lipschitz-dyn", "2", *CONSTANTS[4:]]
    _, out, _ = run(capsys, table, *MONEY, *expanding)
    assert "the effective horizon of 20 steps" in " ".join(out.split())
    _, out, _ = run(capsys, table, *MONEY, *expanding, "--horizon", "15")
    assert "the weight is that of 15 steps" in " ".join(out.split())


def test_it_starts_quickly_and_without_torch(table):
    code = "import sys; from imagination.cli import main\ntry: main(sys.argv[1:])\nexcept SystemExit: pass\n"
    code += "sys.stderr.write(str('torch' in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, "plan", str(table), *MONEY, "--weight", "3"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "False"
