"""The ground floor: quadrature and Chebyshev tables, pools of processes, the commit of a checkout."""

import math
import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sidr import checkout, checks, pools
from sidr.numerics import chebyshev_fit, chebyshev_nodes, gauss_laguerre, gauss_legendre


def test_quadrature_is_exact_for_polynomials():
    x, dx = gauss_legendre(-1.5, 4.0, 8)
    assert_allclose(dx @ x**15, (4.0**16 - 1.5**16) / 16, rtol=1e-13)
    y, dy = gauss_laguerre(12)
    assert_allclose(dy @ (y**9 * np.exp(-y)), math.factorial(9), rtol=1e-12)
    x[0] = y[0] = 0                                         # nobody else has them
    assert gauss_legendre(-1.5, 4.0, 8)[0][0] != 0 and gauss_laguerre(12)[0][0] != 0


def test_chebyshev_coefficients_are_those_of_numpy():
    x = chebyshev_nodes(9, -2, 3)
    assert x[0] < 3 and x[-1] > -2 and (np.diff(x) < 0).all()
    series = np.polynomial.Chebyshev.fit(x, np.exp(x), 8, domain=[-2, 3])
    assert_allclose(np.exp(x) @ chebyshev_fit(9), series.coef, atol=1e-13)


@pytest.mark.parametrize("check, value, limits, says", [
    ("number", "1", {}, "x = '1' must be a finite number."),
    ("number", True, {}, "x = True must be a finite number."),
    ("number", math.nan, {"unit": "eV"}, "x = nan must be a finite number of eV."),
    ("number", math.inf, {"above": 0}, "x = inf must be a finite number above 0."),
    ("number", 0, {"above": 0, "unit": "K"}, "x = 0 must be a finite number of K above 0."),
    ("number", -1, {"least": 0}, "x = -1 must be a finite number, 0 or more."),
    ("number", math.nan, {"least": 1, "most": math.inf}, "x = nan must be a number, 1 or more."),
    ("number", 2.5, {"least": 1, "most": 2}, "x = 2.5 must be a number from 1 to 2."),
    ("integer", 2.0, {}, "x = 2.0 must be an integer."),
    ("integer", True, {}, "x = True must be an integer."),
    ("integer", 1, {"least": 2}, "x = 1 must be an integer, 2 or more."),
    ("integer", 9, {"least": 2, "most": 8}, "x = 9 must be an integer from 2 to 8."),
    ("choice", "d", {"choices": ("a", "b", "c")}, "x = 'd' must be a, b or c."),
    ("choice", ["a"], {"choices": {"a": 1, "b": 2}}, "x = ['a'] must be a or b."),
    ("mass_state", 4, {}, "x = 4 must be 1, 2 or 3, the mass state that is a pseudo-Dirac pair."),
])
def test_wrong_argument_is_named_with_what_it_must_be(check, value, limits, says):
    with pytest.raises(ValueError) as error:
        getattr(checks, check)("x", value, **limits)
    assert str(error.value) == says


def test_right_arguments_are_returned_as_plain_numbers():
    assert checks.number("x", np.float32(0.5), least=0.5) == 0.5
    assert checks.number("x", math.inf, most=math.inf) == math.inf
    found = [checks.number("x", np.int64(3), above=2), checks.integer("x", np.int64(3), most=3)]
    assert found == [3, 3] and [type(x) for x in found] == [float, int]
    assert checks.choice("x", "a", {"a": 1, "b": 2}) == "a" and checks.mass_state("x", np.int64(2)) == 2


def square(x, y):
    if x == 3:
        raise ValueError("three")
    return x**2 + y


def slow(path, seconds):
    time.sleep(seconds)
    Path(path).touch()


def inherited(_):
    return os.environ.get("SIDR_TEST_INHERITED"), "test_ground" in str(checkout.__dict__.get("mark"))


@pytest.mark.parametrize("fresh", [False, True])
def test_pool_computes_each_item_once(fresh, monkeypatch):
    items = [(x, 1) for x in range(3)]
    assert dict(pools.compute(square, items, 2, fresh)) == {item: item[0]**2 + 1 for item in items}
    monkeypatch.setattr(checkout, "mark", "test_ground", raising=False)
    (_, (_, has_memory)), = pools.compute(inherited, [(0,)], 1, fresh)
    assert has_memory != fresh


def test_error_in_a_pool_ends_it_and_what_has_not_begun_is_not_computed(tmp_path):
    with pytest.raises(ValueError, match="three"):
        list(pools.compute(square, [(3, 0), (1, 0)], 1))
    paths = [(str(tmp_path / str(i)), 0.1) for i in range(50)]
    for _ in pools.compute(slow, paths, 1):
        break
    assert len(list(tmp_path.iterdir())) < 10
    assert list(pools.compute(square, [], 1)) == []


# The commit

@pytest.fixture
def repository(tmp_path):
    """A checkout with one file in it."""
    path = tmp_path / "checkout" / "module.py"
    path.parent.mkdir()
    path.write_text("x = 1\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "module.py"], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", path.parent, *arguments], check=True)
    return path


def test_commit_of_a_checkout(repository):
    head = subprocess.run(["git", "-C", repository.parent, "rev-parse", "HEAD"], capture_output=True,
                          text=True)
    assert checkout.commit(repository) == head.stdout[:12]
    repository.write_text("x = 2\n")
    assert checkout.commit(repository) == f"{head.stdout[:12]}-dirty"
    installed = shutil.copy(repository, repository.with_name("installed.py"))   # as in an environment
    assert checkout.commit(installed) is None


@pytest.mark.parametrize("text", [None, "exit 3", "sleep 60"])
def test_computation_does_not_end_for_want_of_git(repository, tmp_path, monkeypatch, text):
    commands = tmp_path / "bin"
    commands.mkdir()
    if text:
        (commands / "git").write_text(f"#!/bin/sh\nPATH={os.environ['PATH']}; {text}\n")
        (commands / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(commands))
    monkeypatch.setattr(checkout, "PATIENCE", 0.5)
    assert checkout.commit(repository) is None
