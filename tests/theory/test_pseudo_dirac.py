"""Pseudo-Dirac pairs for Cobaya: the table, what nucleosynthesis and CLASS get, and the run files."""

from math import log10
from types import SimpleNamespace

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from cobaya.run import run
from cobaya.yaml import yaml_load_file
from conftest import CHAINS
from numpy.testing import assert_allclose
from scipy.interpolate import PchipInterpolator
from scipy.stats import norm

from sidr.classy import Class
from sidr.files import Rows
from sidr.neff import helium, solve, table
from sidr.neutrinos import N_TOT, class_inputs
from sidr.thermal import nucleosynthesis

COLLISIONS = table.FILE.read_text().split()[2].rstrip(";")


# --- nucleosynthesis ---

@pytest.fixture(scope="module")
def standard():
    return solve(0.0, collisions="damping", estimate_error=False)


def test_neutron_lives_as_long_as_it_does_in_vacuum():
    # In the cold only the decay is left, and no reaction makes neutrons
    n_to_p, p_to_n = nucleosynthesis.conversion_rates(0.005, lambda q: 0 * q)
    assert_allclose(n_to_p * 878.4 / 6.582119569e-22, 1, rtol=1e-6)
    assert p_to_n < 1e-50


@pytest.mark.parametrize("T", [0.3, 1.0, 3.0])
def test_rates_are_in_detailed_balance(T):
    n_to_p, p_to_n = nucleosynthesis.conversion_rates(T, lambda q: 1 / (np.exp(q / T) + 1))
    assert_allclose(p_to_n / n_to_p, np.exp(-1.29333 / T), rtol=1e-4)


def test_helium_follows_the_expansion_as_in_the_table_of_class(standard):
    def Y_He(N):    # PArthENoPE's
        cosmo = Class()
        cosmo.set(N_ur=N, omega_b=0.0224)
        cosmo.compute(["thermodynamics"])
        return cosmo.get_current_derived_parameters(["YHe"])["YHe"]

    ours = [2 * helium.nucleons(standard).neutron_fraction(extra) for extra in (0, 0.2)]
    assert_allclose(ours[0], 0.247, atol=0.002)         # Born rates without a network
    assert_allclose(ours[1] - ours[0], Y_He(3.244) - Y_He(3.044), rtol=0.02)


def test_fewer_nu_e_leave_more_neutrons(standard):
    assert_allclose(helium.N_bbn(standard, standard), 3.044, atol=1e-4)
    # 1% of the nu_e are sterile, in the same expansion. They make about half of the rates of the nucleons,
    # Gamma ~ T^5, H ~ T^2: d ln T_f = 1/600, and d ln X = 0.86 Q/T_f d ln T_f with Q/T_f = 1.8
    lost = 0.01 * standard.energies[0]
    depleted = SimpleNamespace(
        x=standard.x, z=standard.z, y=standard.y, spectra=0.99 * standard.spectra,
        energies=standard.energies + np.array([-lost, 0 * lost, 0 * lost, lost]))
    X, X_standard = (helium.nucleons(result).neutron_fraction() for result in (depleted, standard))
    change = X / X_standard - 1
    assert_allclose(change, 0.86 * 1.8 / 600, rtol=0.3)
    assert_allclose(helium.N_bbn(depleted, standard) - 3.044, 0.046, atol=0.003)


def test_filled_sterile_neutrino_is_one_more_neutrino_for_nucleosynthesis_too(standard):
    # Thermal long before neutrinos decouple: nu_e are those of equilibrium again
    pair = solve(1e-3, collisions="damping", estimate_error=False)
    assert_allclose(pair.DeltaN_eff, 1, atol=0.02)
    assert_allclose(helium.N_bbn(pair, standard) - 3.044, pair.DeltaN_eff, atol=0.01)


# --- the table ---

@pytest.mark.slow
@pytest.mark.parametrize("ordering, j, log10_dm2", [("normal", 3, -5.6), ("normal", 1, -7.85),
                                                    ("inverted", 2, -4.6)])
def test_table_is_the_solver_between_its_points(ordering, j, log10_dm2):
    extra = table.Interpolation(j, ordering)
    assert abs(extra.log10_dm2 - log10_dm2).min() > 0.04
    assert_allclose(extra(log10_dm2), table.point(ordering, j, log10_dm2, COLLISIONS), rtol=0.01)


#: The solver half way between nodes: ordering, j, log10 dm2, Delta N_eff, Delta N_bbn; `table.point`
BETWEEN = """
inverted 3 -4.625 0.365698 0.735243
inverted 3 -4.375 0.52432 0.839294
inverted 3 -4.125 0.715589 0.932016
inverted 3 -3.875 0.897004 0.988676
inverted 3 -3.625 0.992386 1.00259
inverted 2 -3.875 0.765166 1.05759
inverted 2 -3.625 0.893571 1.05521
inverted 1 -3.875 0.805522 1.09934
inverted 1 -3.625 0.89248 1.06767
normal 3 -3.875 0.769136 0.958804
normal 3 -3.625 0.880654 0.992283
normal 2 -3.875 0.767661 1.05768
normal 2 -3.625 0.897189 1.05403
normal 1 -3.875 0.810459 1.09779
normal 1 -3.625 0.90124 1.06384
"""


@pytest.mark.parametrize("line", BETWEEN.split("\n")[1:-1])
def test_table_is_the_solver_half_way_between_its_points(line):
    ordering, j, *numbers = line.split()
    log10_dm2, N_eff, N_bbn = map(float, numbers)
    extra = table.Interpolation(int(j), ordering)
    assert abs(extra.log10_dm2 - log10_dm2).min() == 0.125
    assert_allclose(extra(log10_dm2).N_eff, N_eff, rtol=0.01)
    # nu_e of a pair of nu_2 are a bit rough in dm2, in the solver too
    assert_allclose(extra(log10_dm2).N_bbn, N_bbn, rtol=0.02)


@pytest.mark.parametrize("ordering, j", table.PAIRS)
def test_no_point_of_the_table_stands_out(ordering, j):
    """Each from the others, with half as many around it: the error is that of twice the distance."""
    points = table.read(table.FILE)[ordering, j]
    x = np.array(sorted(points))
    y = np.log([points[node] for node in x])
    for i in range(1, x.size - 1):
        without = PchipInterpolator(np.delete(x, i), np.delete(y, i, axis=0))
        assert_allclose(np.exp(without(x[i])), np.exp(y[i]), rtol=0.06)


def test_table_has_every_pair_and_grows_with_the_splitting():
    for ordering, j in table.PAIRS:
        extra = table.Interpolation(j, ordering)
        assert extra.log10_dm2[0] <= -8 and extra.log10_dm2[-1] >= -4
        numbers = np.array([extra(x) for x in np.linspace(-10, extra.log10_dm2[-1], 200)])
        assert np.all(np.diff(numbers[:, 0]) > 0) and np.all(numbers > 0)
        filling = numbers[:, 0] < 0.95                  # after that no nu_e are missing
        assert np.all(numbers[filling, 1] > numbers[filling, 0])
        assert np.all(numbers[:, 0] < N_TOT / 3)        # one more neutrino at most


def test_table_is_made_and_goes_on_after_a_kill(tmp_path):
    file = tmp_path / "table.txt"
    arguments = file, [("normal", 3)], [-7.0, -6.0], "damping", 1
    table.make(*arguments)
    head, first, second = file.read_text().splitlines()
    assert "damping" in head
    point = table.read(file)["normal", 3][-6.0]
    assert_allclose(point[0], solve(1e-6, collisions="damping", estimate_error=False).DeltaN_eff, rtol=1e-4)
    words = first.split()[:-1]                              # the last is the checksum of the row
    marked = Rows._line([*words[:3], "0.5", *words[4:]]).strip()
    file.write_text(f"{head}\n{marked}\n{second[:20]}")     # a killed run's
    table.make(*arguments)
    assert file.read_text().splitlines() == [head, marked, second]
    with pytest.raises(ValueError, match="begins with .* damping.* remove it"):
        table.make(file, collisions="full")
    middle = table.Interpolation(3, "normal", file)(-6.5)
    assert min(0.5, point[0]) < middle.N_eff < max(0.5, point[0])


def test_outside_the_table():
    extra = table.Interpolation(3)
    low = extra.log10_dm2[0]
    steps = np.diff(np.log([extra(low - x).N_eff for x in (0, 1, 2)]))
    assert_allclose(steps[0], steps[1])                     # a power law
    with pytest.raises(ValueError, match="log10_dm2 = 0 is above"):
        extra(0)
    with pytest.raises(ValueError, match="log10_dm2 = nan"):
        extra(np.nan)
    with pytest.raises(ValueError, match="ordering = 'normal', j = 4: the table table.txt has normal 3, "):
        table.Interpolation(4)


# --- Cobaya ---

def info(params=None, sidr=None, **options):
    return {"theory": {"sidr.theory.PseudoDirac": options or None,
                       "sidr.theory.SIDR": {"n_chi": 0, "pseudo_dirac": True} | (sidr or {})},
            "likelihood": {"sidr.likelihoods.DESI_DR2": None},
            "params": {"omega_b": 0.0224, "omega_cdm": 0.119, "H0": 68.0, "m_nu_sum": 0.1} | (params or {})}


def derived(model, point):
    logpost = model.logposterior(point)
    return dict(zip(model.parameterization.derived_params(), logpost.derived, strict=True))


@pytest.mark.parametrize("j, ordering", [(3, "normal"), (1, "inverted")])
def test_class_gets_the_sterile_neutrinos_of_the_splitting(j, ordering):
    model = get_model(info(sidr={"ordering": ordering}, j=j, ordering=ordering))
    assert list(model.parameterization.sampled_params()) == ["log10_dm2"]
    numbers = derived(model, {"log10_dm2": log10(2e-6)})
    extra = table.Interpolation(j, ordering)(log10(2e-6))
    assert_allclose(numbers["Delta_N_eff"], extra.N_eff, rtol=1e-12)
    assert_allclose(numbers["N_eff_tot"], 3.044 + extra.N_eff, rtol=1e-12)
    assert_allclose(numbers["N_eff"], numbers["N_eff_tot"], atol=1e-4)          # as CLASS counts
    inputs = model.theory["sidr.transfers"].current_state["transfers"].params
    expected = class_inputs(n_chi=0, m_nu_sum=0.1, ordering=ordering, N_sterile=extra.N_eff, pair=j,
                            N_bbn=3.044 + extra.N_bbn)
    assert expected.items() <= inputs.items()
    assert inputs["N_bbn_sidr"] == numbers["N_bbn"] > numbers["N_eff_tot"]


def test_splitting_outside_the_table_stops_the_run():
    model = get_model(info({"log10_dm2": {"prior": {"min": -9, "max": 0}}}))
    with pytest.raises(LoggedError, match="log10_dm2 = -0.1 is above"):
        model.logposterior({"log10_dm2": -0.1})
    assert np.isfinite(model.logposterior({"log10_dm2": -6}).logpost)


@pytest.mark.parametrize("options, sidr, params, says", [
    ({"j": 4}, {}, {}, "j = 4: the table"),
    ({"ordering": "degenerate"}, {}, {}, "ordering = 'degenerate'"),
    ({}, {"n_chi": 1}, {}, "give n_chi: 0"),
    ({}, {"n_chi": None}, {}, "give n_chi: 0"),
    ({}, {"N_sterile": 0.1}, {}, "N_sterile: PseudoDirac gives it"),
    ({}, {}, {"N_sterile": 0.1}, "N_sterile: a parameter of the run, and a result of PseudoDirac")])
def test_wrong_option_stops_at_the_start_with_the_reason(options, sidr, params, says):
    with pytest.raises(LoggedError, match=says):
        get_model(info(params, sidr, **options))


def test_run_file_of_N_eff_has_the_published_limit(tmp_path):
    run_file = yaml_load_file(str(CHAINS / "pseudo_dirac_neff.yaml"))
    assert run_file["output"] == "chains/pseudo_dirac_neff"
    run_file["output"] = str(tmp_path / "chain")
    run_file["sampler"]["mcmc"] |= {"seed": 1, "Rminus1_stop": 0.005, "Rminus1_cl_stop": 0.05}
    updated, sampler = run(run_file, no_mpi=True)
    samples = sampler.products(to_getdist=True, skip_samples=0.3)["sample"]
    # A Gaussian 2.86 +- 0.13 above 3.044, arXiv:2503.14454; to 5% of the chain
    above = norm.sf(3.044, 2.86, 0.13)
    limit = norm.isf(0.05 * above, 2.86, 0.13) - 3.044
    assert_allclose(samples.confidence("Delta_N_eff", 0.05, upper=True), limit, rtol=0.05)
    extra = table.Interpolation(3)
    assert_allclose(extra(samples.confidence("log10_dm2", 0.05, upper=True)).N_eff, limit, rtol=0.05)


@pytest.mark.data
def test_run_file_of_planck_evaluates(packages_path):
    run_file = yaml_load_file(str(CHAINS / "pseudo_dirac_planck_desi.yaml"))
    assert run_file["output"] == "chains/pseudo_dirac_planck_desi"
    model = get_model({key: run_file[key] for key in ("theory", "likelihood", "params", "prior")})
    point = {"omega_b": 0.0224, "omega_cdm": 0.119, "H0": 68.0, "logA": 3.045, "n_s": 0.966,
             "tau_reio": 0.055, "m_nu_sum": 0.06, "A_planck": 1}
    chi2 = [-2 * np.sum(model.loglikes(point | {"log10_dm2": x}, return_derived=False))
            for x in (-12, -4.5)]
    assert chi2[1] > chi2[0] + 4        # N_eff + 0.4 with everything else fixed
    theory = {"sidr.theory.SIDR": dict(run_file["theory"]["sidr.theory.SIDR"])}
    theory["sidr.theory.SIDR"].pop("pseudo_dirac")
    params = {name: p for name, p in run_file["params"].items() if name in {*point, "A_s"}}
    lcdm = get_model({"theory": theory, "likelihood": run_file["likelihood"], "params": params})
    assert_allclose(chi2[0], -2 * np.sum(lcdm.loglikes(point, return_derived=False)), atol=0.1)


def test_figure_has_the_limits_and_the_splittings_that_meet_them(monkeypatch, tmp_path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from sidr.figures import neff as figures
    monkeypatch.setattr(figures, "DM2", (1e-6,))
    history, end = figures.neff(tmp_path, "damping").axes
    curve = next(line for line in history.lines if line.get_label() == "1e-6")
    expected = solve(1e-6, collisions="damping", estimate_error=False).DeltaN_eff
    assert_allclose(curve.get_ydata()[-1], expected, atol=1e-4)
    assert {line.get_ydata()[0] for line in end.lines if len(line.get_ydata()) == 2} == {0.17, 0.06, 0.027}
    assert_allclose(table.Interpolation(3)(log10(figures.bound(0.06, table.Interpolation(3)))).N_eff, 0.06)
    assert np.isnan(figures.bound(2.0, table.Interpolation(3)))
    plt.close("all")
