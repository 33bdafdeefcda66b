"""The V-model: Table 1 of its paper, and what a potential in place of masses leaves unchanged."""


import numpy as np
import pytest
from cobaya.model import get_model
from cobaya.yaml import yaml_load_file
from conftest import CHAINS
from numpy.testing import assert_allclose

from sidr.cli import main
from sidr.constants import OSCILLATION_PHASE
from sidr.neutrinos import masses
from sidr.oscillations import standard
from sidr.vmodel import potential


@pytest.mark.parametrize("ordering, offsets, phases", [     # Table 1, in 1e-4 eV^2
    ("normal", [-3.957, 2.744, 1.214], [3.199, 3.189, 0.000]),
    ("inverted", [3.775, -2.656, -1.119], [4.532, 4.350, 3.146])])
def test_table_1_has_the_printed_digits(ordering, offsets, phases):
    A2 = potential(ordering)
    assert_allclose(1e4 * A2.offsets, offsets, rtol=0, atol=5e-4)
    assert_allclose(A2.phases, phases, rtol=0, atol=5e-4)


def test_moduli_are_those_of_unitarity():
    # The paper's moduli are lost: Tr A^4 = sum m^4/4, and e mu written out, as (B9) is without its errors
    for ordering in ("normal", "inverted"):
        A2, m2 = potential(ordering), standard(ordering).m2
        trace = np.sum(A2.offsets**2) + 2 * np.sum(A2.moduli**2)
        assert_allclose(trace, np.sum((m2 - m2.mean())**2) / 4, rtol=1e-12)
    s, c = (f(np.radians([33.68, 48.5, 8.52])) for f in (np.sin, np.cos))
    phase = np.exp(-1j * np.radians(177))
    e_mu = (7.49e-5 / 2 * s[0] * c[2] * (c[0] * c[1] - s[0] * s[2] * s[1] * phase)
            + 2.534e-3 / 2 * s[2] * c[2] * s[1] * phase)
    assert_allclose(potential("normal").moduli[0], abs(e_mu), rtol=1e-12)
    assert_allclose(potential("normal").phases[0], np.angle(e_mu) + 2 * np.pi, rtol=1e-12)


@pytest.mark.parametrize("ordering", ["normal", "inverted"])
def test_potential_oscillates_as_masses_do_whatever_its_mean(ordering):
    from scipy.linalg import expm
    A2 = potential(ordering)
    mean = 0.3                                          # eV^2, where the paper expects it
    V = np.diag(mean + A2.offsets).astype(complex)
    for (a, b), r, phi in zip(((0, 1), (0, 2), (1, 2)), A2.moduli, A2.phases, strict=True):
        V[a, b], V[b, a] = r * np.exp(1j * phi), r * np.exp(-1j * phi)
    for L_over_E in (500, 1.5e4):                       # beams; reactors at 50 km
        amplitude = expm(-4j * OSCILLATION_PHASE * L_over_E * V)
        assert_allclose(abs(amplitude.T)**2, standard(ordering).probability(L_over_E), atol=1e-10)


def test_command_prints_the_table(tmp_path, capsys):
    assert main(["figures", "vmodel", "-o", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    normal = next(line for line in printed.splitlines() if line.startswith("normal"))
    assert "-3.957" in normal and "+2.744" in normal and "+1.214" in normal and "exp(3.189 i)" in normal
    assert not list(tmp_path.iterdir())


def test_unknown_ordering_is_refused():
    with pytest.raises(ValueError, match="ordering = 'degenerate' must be normal or inverted"):
        potential("degenerate")


def run_file(name):
    info = yaml_load_file(str(CHAINS / f"{name}.yaml"))
    assert info["output"] == f"chains/{name}"
    return info, get_model({key: info[key] for key in ("theory", "likelihood", "params")})


def test_run_files_differ_by_the_masses_alone():
    (massless, V), (massive, M) = run_file("vmodel_massless"), run_file("vmodel_massive")
    assert massless["likelihood"] == massive["likelihood"] and massless["sampler"] == massive["sampler"]
    assert list(V.parameterization.sampled_params()) == ["omega_b", "omega_cdm", "H0"]
    assert list(M.parameterization.sampled_params()) == ["omega_b", "omega_cdm", "H0", "m_nu_sum"]
    floor = M.parameterization.sampled_params_info()["m_nu_sum"]["prior"]["min"]
    assert sum(masses(floor, "normal")) == pytest.approx(floor)     # exists, and not much less does
    with pytest.raises(ValueError, match="the minimum of the normal ordering"):
        masses(floor - 2e-5, "normal")
    # Best fits of `cobaya-run -M`; another minimiser found 12.73 for LCDM (docs/thermal.md)
    chi2 = [-2 * np.sum(model.loglikes(point, return_derived=False)) for model, point in (
        (V, {"omega_b": 0.022358, "omega_cdm": 0.118102, "H0": 68.544}),
        (M, {"omega_b": 0.022414, "omega_cdm": 0.117417, "H0": 68.373, "m_nu_sum": 0.05867}))]
    assert_allclose(chi2, [12.73, 12.73 + 2.18], atol=0.02)
