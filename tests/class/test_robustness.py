"""The benchmark benchmarks/robustness.py on some points, cheaply; and that it sees failures."""

import ctypes
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose

import robustness
from sidr.classy import Class
from sidr.pools import Part, parts

POINTS = robustness.prior_points(28)
CHEAP = {"k_step_sub": 0.2, "k_step_super": 0.01, "perturbations_sampling_stepsize": 0.4,
         "tol_ncdm_synchronous": 0.1, "q_logstep_limber": 1.3}
OMEGA_B_MAX = 0.0329    # of CLASS's table of the helium abundance; the prior goes on to 0.04


def crash(point):
    ctypes.string_at(0)


def hang(point):
    time.sleep(3600)


def double(point):
    return "ok", 0.0, str(2 * point)


@pytest.mark.parametrize("point", POINTS, ids=robustness.described)
def test_points_of_the_prior_box_give_spectra(point):
    outcome, _, message = robustness.evaluate(point, CHEAP, l_max=100)
    assert outcome == ("ok" if point["omega_b"] < OMEGA_B_MAX else "ok, YHe given"), message


def test_rate_of_cold_helium_is_never_infinite():
    """Where HyRec's helium would recombine at an infinite rate, at z = 21, and a change of 1e-13 decides
    whether it does at all: ionization is wrong by orders of magnitude, or there is none (helium.patch)."""
    theta_s, inputs = 1.0423914429270251, {
        "N_sidr": 1.2208123843837528, "log10_G_eff_sidr": -1.8397435937076807, "N_ur": 0,
        "N_ncdm": 1, "m_ncdm": 0.01879685450733474, "T_ncdm": 0.7163687246184776,
        "deg_ncdm": 1.7968340495560913, "tol_ncdm_synchronous": 5e-4, "background_Nloga": 4000,
        "omega_b": 0.02255695273463634, "omega_cdm": 0.12049432013449371, "tau_reio": 0.05957792398712587}
    cosmo = Class()
    cosmo.set(inputs | {"100*theta_s": theta_s})
    cosmo.compute(["thermodynamics"])
    assert_allclose(cosmo.theta_s_100(), theta_s, rtol=1e-5)
    # where the shooting begins, with its sampling
    here, beside = (Class(), Class())
    for one, change in ((here, 0), (beside, 1e-9)):
        one.set(inputs | {"h": 0.7082475966507769 + change, "thermo_Nz_lin": 10000, "thermo_Nz_log": 500})
        one.compute(["thermodynamics"])
    assert_allclose(here.get_thermodynamics()["x_e"], beside.get_thermodynamics()["x_e"], rtol=1e-5)


def test_points_are_those_of_table_s1():
    points = robustness.prior_points(2000)
    table = np.array([[point[name] for name in robustness.BOX] for point in points])
    lower, upper = np.transpose(list(robustness.BOX.values()))
    assert len(points) == 2000 and np.all((lower <= table) & (table <= upper))
    corners = {tuple(row) for row in table if np.all((row == lower) | (row == upper))}
    assert len(corners) == 2**8
    on_edge = (table[:, -2:] == lower[-2:]) | (table[:, -2:] == upper[-2:])
    assert all(np.sum(on_edge[:, i] & ~on_edge[:, 1 - i]) == 100 for i in (0, 1))
    assert {point["n_chi"] for point in points} == {1, 2, 40}
    assert points == robustness.prior_points(2000)


def test_crash_and_hang_are_results_and_the_next_point_is_computed():
    worker = robustness.Worker(crash)
    outcome, _, message = worker(1)
    assert (outcome, message) == ("crash", "exit code -11")
    worker.function, worker.limit = hang, 2
    assert worker(1)[0] == "hang"
    worker.function, worker.limit = double, 60
    assert worker(1) == ("ok", 0.0, "2") and worker(2) == ("ok", 0.0, "4")
    worker.stop()


@pytest.mark.parametrize("change, outcome", [
    ({"log10_G_eff": np.nan}, "wrong input"), ({"omega_cdm": -1}, "wrong input"),
    ({"tau_reio": 0}, "refused")], ids=str)
def test_point_that_gives_no_spectra_is_recorded_with_its_reason(change, outcome):
    found, _, message = robustness.evaluate(POINTS[0] | change, CHEAP, l_max=50)
    assert found == outcome and message


@pytest.mark.parametrize("name, value, message", [
    ("tt", np.nan, "tt is not finite"), ("pp", -1, "pp is not positive"), ("ee", 0, "ee is not positive"),
    ("te", 2, "te is larger"), ("te", np.inf, "te is not finite"), ("te", -1, "")])
def test_wrong_spectra_are_seen(name, value, message):
    cl = {x: np.ones(10) for x in ("tt", "ee", "te", "pp")}
    cl[name][5] = value
    assert robustness.defect(cl).startswith(message) and bool(robustness.defect(cl)) == bool(message)


def test_run_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys):
    output, points = tmp_path / "table.csv", robustness.prior_points(7)
    robustness.append(output, {"index": 3, "precision": "default", **points[3], "outcome": "ok",
                               "cpu_s": "1.000", "message": ""})
    evaluated = []

    class Worker:
        def __init__(self, limit):
            pass

        def __call__(self, point, settings):
            evaluated.append(point)
            return ("hang", np.nan, "no result") if len(evaluated) == 1 else ("ok", 2.0, "")

        def stop(self):
            pass

    monkeypatch.setattr(robustness, "Worker", Worker)
    rows = robustness.run(points, {}, "default", output, workers=1, limit=1)
    assert evaluated == [point for i, point in enumerate(points) if i != 3]
    assert sorted(row["index"] for row in rows) == list(range(7))
    assert robustness.report(rows) == 1
    assert "slowest / median = 1.00" in capsys.readouterr().out
    robustness.plot(rows, tmp_path / "figure.png")
    with pytest.raises(ValueError, match="another run"):
        robustness.read(output, robustness.prior_points(8), "default")
    with pytest.raises(ValueError, match="another run"):
        robustness.read(output, points, "planck")


def test_parts_of_the_points_make_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(robustness.Worker, "__call__", lambda self, point, settings: ("ok", 1.5, ""))
    points, output = robustness.prior_points(20), tmp_path / "table.csv"
    for number in (2, 1):
        robustness.run(points, {}, "default", output, 2, 10, Part(number, 2))
    assert not output.exists()
    monkeypatch.setattr(robustness.Worker, "__call__", None)        # nothing is left to do
    rows = robustness.run(points, {}, "default", output, 2, 10)
    assert sorted(row["index"] for row in rows) == list(range(20)) and not parts(output)
