"""The compressed Planck: against the real likelihoods, and in toy likelihoods against their formulas."""

import os
import re
from types import SimpleNamespace

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from cobaya.theory import Theory
from numpy.testing import assert_allclose
from sidr.likelihoods import compress, compression
from sidr.likelihoods.compression import PARTS, LowlEE, LowlTT, PlikLite

from sidr import cli

PLANCK = "sidr.likelihoods.PlanckCompressed"

#: One point of each mode, n_chi = 1, and one of LCDM; nothing of them was used for the compression.
POINTS = {
    "MI": {"n_chi": 1, "m_nu_sum": 0.06, "log10_G_eff": -4, "omega_b": 0.02236, "omega_cdm": 0.1190,
           "theta_s_100": 1.0419, "logA": 3.045, "n_s": 0.963, "tau_reio": 0.055},
    "SI": {"n_chi": 1, "m_nu_sum": 0.12, "log10_G_eff": -1.6, "omega_b": 0.02239, "omega_cdm": 0.1195,
           "theta_s_100": 1.0429, "logA": 3.033, "n_s": 0.952, "tau_reio": 0.056},
    "LCDM": {"n_chi": 0, "m_nu_sum": 0.06, "omega_b": 0.02240, "omega_cdm": 0.1192,
             "theta_s_100": 1.0419, "logA": 3.047, "n_s": 0.966, "tau_reio": 0.056},
}
A_PLANCK = 1.002

#: -2 ln L of Cobaya's likelihoods there, with A_planck = 1.002
REAL = {
    "MI": {"plik_lite": 585.025, "lensing": 8.672, "lowl_TT": 23.820, "lowl_EE": 396.218},
    "SI": {"plik_lite": 591.477, "lensing": 8.667, "lowl_TT": 25.389, "lowl_EE": 396.580},
    "LCDM": {"plik_lite": 584.202, "lensing": 8.804, "lowl_TT": 23.148, "lowl_EE": 396.386},
}

#: What the compression promises, in standard deviations of -2 ln L; lensing is exact
PROMISED = {"plik_lite": 0.05, "lensing": 1e-3, "lowl_TT": 0.1, "lowl_EE": 0.1}


class Given(Theory):
    """Hands out D_l that it was given."""

    D = None
    params = {"given": 0}  # Cobaya wants each theory to have a parameter

    def initialize(self):
        pass

    def get_can_provide(self):
        return ["Cl"]

    def calculate(self, state, want_derived=True, **params):
        pass

    def get_Cl(self, ell_factor=False, units="FIRASmuK2"):
        assert ell_factor
        return self.D


def spectra(point):
    """D_l of CLASS."""
    params = {name: value for name, value in point.items() if name not in ("n_chi", "logA")}
    model = get_model({
        "theory": {"sidr.theory.SIDR": {"n_chi": point["n_chi"], "precision": "planck"}},
        "likelihood": {"one": None}, "params": params | {"A_s": 1e-10 * np.exp(point["logA"])}})
    model.add_requirements({"Cl": dict.fromkeys(compression.SPECTRA, 2508)})
    model.logposterior({})
    return model.provider.get_Cl(ell_factor=True)


@pytest.fixture(scope="module")
def D():
    """D_l of `POINTS`, by their names."""
    return {name: spectra(point) for name, point in POINTS.items()}


@pytest.fixture(scope="module")
def cobaya(packages_path):
    """Cobaya's likelihoods."""
    return compress.cobaya_likelihoods(packages_path)


def likelihood(D, **options):
    """A model of the compressed likelihood alone, for given spectra."""
    derived = {f"chi2_{name}": {"derived": True} for name in options.get("parts", PARTS)}
    return get_model({"theory": {"given": {"external": Given, "D": D}}, "likelihood": {PLANCK: options},
                      "params": derived})


def with_ripples(D, amplitude):
    """Spectra of TT with wiggles that no model of ours has."""
    ell = np.arange(len(D["tt"]))
    return D | {"tt": D["tt"] * (1 + amplitude * np.sin(ell / 7))}


# Against the real likelihoods

@pytest.mark.parametrize("name", POINTS)
def test_chi2_is_that_of_the_real_likelihoods(D, name):
    model = likelihood(D[name])
    result = model.logposterior({"A_planck": A_PLANCK})
    derived = dict(zip(model.parameterization.derived_params(), result.derived, strict=True))
    for part, real in REAL[name].items():
        # 0.02: noise of CLASS between machines
        assert_allclose(derived[f"chi2_{part}"], real, rtol=0, atol=PROMISED[part] + 0.02)
    assert_allclose(-2 * result.loglikes[0], sum(derived[f"chi2_{part}"] for part in PARTS))
    assert model.likelihood[PLANCK].outside == 0


@pytest.mark.data
@pytest.mark.parametrize("A", [0.993, 1, 1.007])
@pytest.mark.parametrize("name", POINTS)
def test_calibration_acts_as_in_the_real_likelihoods(D, cobaya, name, A):
    for part, compressed in compression.load().parts.items():
        chi2, error = compressed.chi2(D[name], A)
        assert_allclose(chi2, compressed.exact_chi2(cobaya[part], D[name], A), rtol=0, atol=PROMISED[part])
        assert error < 0.02


@pytest.mark.data
def test_outside_chi2_is_that_of_the_real_likelihood_within_its_error(D, cobaya):
    # (1 - V^T V) y enters chi2 by its square alone; 16 random directions see it to a third.
    plik_lite = compression.load().parts["plik_lite"]
    for amplitude in (0.003, 0.01, 0.03):
        rippled = with_ripples(D["MI"], amplitude)
        chi2, error = plik_lite.chi2(rippled, 1)
        unseen = plik_lite.exact_chi2(cobaya["plik_lite"], rippled, 1) - (chi2 - error)
        assert unseen > 100 * amplitude and unseen / 2 < error < unseen * 2


# Inside and outside

def test_a_point_outside_is_warned_of_once_and_kept(D, caplog):
    model = likelihood(with_ripples(D["MI"], 0.03))
    inside, outside = likelihood(D["MI"]).loglike({"A_planck": 1}), model.loglike({"A_planck": 1})
    assert -np.inf < outside[0] < inside[0] - 10
    model.loglike({"A_planck": 1.001})
    assert len(re.findall("is outside the spectra", caplog.text)) == 1
    assert "in plik_lite" in caplog.text and "strict = true refuses them" in caplog.text
    assert model.likelihood[PLANCK].outside == 2


def test_strict_refuses_points_outside_alone(D):
    outside, A = with_ripples(D["MI"], 0.03), {"A_planck": 1}
    assert likelihood(outside, strict=True).loglike(A)[0] == -np.inf
    assert likelihood(outside, strict=True, tolerance=1e4).loglike(A)[0] > -1e4
    assert likelihood(D["MI"], strict=True).loglike(A)[0] > -1e4


@pytest.mark.parametrize("part, spectrum, factor", [("lowl_TT", "tt", 1.6), ("lowl_EE", "ee", 30)])
def test_low_multipoles_that_no_training_spectrum_has_are_outside(D, part, spectrum, factor):
    compressed = compression.load().parts[part]
    high = D["MI"] | {spectrum: D["MI"][spectrum] * factor}
    assert compressed.chi2(high, 1)[1] == np.inf
    assert np.isfinite(compressed.chi2(high, 1)[0])
    assert compressed.chi2(high, np.sqrt(factor))[1] < 0.02


def test_low_multipoles_with_another_shape_are_outside(D):
    sawtooth = D["MI"]["tt"] * (1 + 0.1 * (-1.0) ** np.arange(2509))
    assert compression.load().parts["lowl_TT"].chi2(D["MI"] | {"tt": sawtooth}, 1)[1] > 1


# The formulas, in toy likelihoods

@pytest.fixture(scope="module")
def toy():
    """A likelihood with the attributes of plik_lite's, 180 bandpowers of three spectra, correlated."""
    rng = np.random.default_rng(5)
    blmin, blmax = np.arange(30, 510, 6), np.arange(35, 515, 6)
    used = [np.arange(80), np.arange(50), np.arange(50)]
    weights = np.zeros(511)
    weights[30:] = rng.uniform(0.5, 1.5, 481)
    noise = rng.standard_normal((180, 180))
    return SimpleNamespace(blmin=blmin, blmax=blmax, weights=weights, used_bins=used,
                           cov=noise @ noise.T + 50 * np.eye(180),
                           X_data=100 + 10 * rng.standard_normal(180))


def toy_spectra(number, dimensions=5, seed=6):
    """Spectra of models that differ in a few smooth directions."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, 600)
    shapes = np.array([[np.cos((i + 1) * k * x) for i in range(dimensions)] for k in (2, 3, 4)])
    weights = rng.standard_normal((number, 3, dimensions))
    return dict(zip(compression.CMB, 15 + np.einsum("nsd,sdl->snl", weights, shapes), strict=True))


def toy_chi2(toy, D, A):
    """(d - B D / A^2)^T C^-1 (d - B D / A^2), bin by bin."""
    binned = [sum(toy.weights[ell] * D[x][ell] for ell in range(toy.blmin[i], toy.blmax[i] + 1))
              for x, used in zip(compression.CMB, toy.used_bins, strict=True) for i in used]
    delta = toy.X_data - np.array(binned) / A**2
    return delta @ np.linalg.solve(toy.cov, delta)


def test_spectra_in_the_space_of_the_directions_have_the_full_chi2(toy):
    compressed = PlikLite.make(toy, toy_spectra(100), directions=16)  # 3 * 5 shapes and the constant one
    for row, A in zip(range(4), (0.98, 1, 1.01, 1.02), strict=True):
        D = {x: values[row] for x, values in toy_spectra(4, seed=9).items()}
        chi2, error = compressed.chi2(D, A)
        # operator and windows are in single precision
        assert_allclose(chi2, toy_chi2(toy, D, A), rtol=1e-5)
        assert error < 1e-6


def test_of_spectra_outside_the_square_of_what_is_not_seen_is_estimated(toy):
    compressed = PlikLite.make(toy, toy_spectra(100), directions=16)
    D = {x: values[0] for x, values in toy_spectra(1, seed=9).items()}
    unseen = []
    for amplitude in (1, 2):
        rippled = D | {"te": D["te"] + amplitude * np.sin(np.arange(600) / 11)}
        chi2, error = compressed.chi2(rippled, 1)
        unseen.append(toy_chi2(toy, rippled, 1) - (chi2 - error))
        assert unseen[-1] / 2 < error < 2 * unseen[-1]
    # no term that is linear in the amplitude, whatever the noise of the data
    assert_allclose(unseen[1] / unseen[0], 4, rtol=1e-3)


def test_low_l_tt_is_fitted_within_the_reach_of_its_training():
    # Cosmic variance alone: -2 ln L = sum (2 l + 1) (Dhat/D + ln D)
    ell = np.arange(2, 30)
    data = 1000 * (1 + 0.3 * np.sin(3 * ell))

    def exact(tt):
        return ((2 * ell + 1) * (data / tt[2:30] + np.log(tt[2:30]))).sum()

    def models(number, seed):
        amplitude, tilt, low = 0.05 * np.random.default_rng(seed).standard_normal((3, number, 1))
        return np.hstack([np.zeros((number, 2)),
                          1000 * np.exp(amplitude + tilt * np.log(ell / 10) + low * (ell < 6) / ell)])

    fake = SimpleNamespace(log_likelihood=lambda tt, calib=1: -exact(np.asarray(tt) / calib**2) / 2)
    compressed = LowlTT.make(fake, {"tt": models(200, 1)}, directions=3)
    for tt in models(50, 2) * 0.8:
        chi2, error = compressed.chi2({"tt": tt}, np.sqrt(0.8))
        if error < np.inf:
            assert_allclose(chi2, exact(tt / 0.8), rtol=0, atol=0.05)
            assert error < 0.1
    assert sum(compressed.chi2({"tt": tt}, 1)[1] < np.inf for tt in models(50, 2)) > 40


def test_low_l_ee_is_the_smooth_curve_through_its_table():
    # Entries of the table hold from their D_l to the next one: the curve is half a step beside them.
    ell, step = np.arange(2, 30), 1e-4
    middle = (np.arange(3000)[:, None] + 0.5) * step
    fake = SimpleNamespace(probEE=-((2 * ell + 1) * (0.02 / (middle + 0.01) + np.log(middle + 0.01))) / 2,
                           _stepEE=step)
    training = np.zeros((2, 30))
    training[:, 2:] = [[0.01], [0.2]]
    compressed = LowlEE.make(fake, {"ee": training})
    for ee in np.linspace(0.0097, 0.2, 9):
        exact = ((2 * ell + 1) * (0.02 / (ee + 0.01) + np.log(ee + 0.01))).sum()
        chi2, error = compressed.chi2({"ee": np.full(30, ee * 1.02)}, np.sqrt(1.02))
        # half a step is worth 0.2 at the upper end
        assert_allclose(chi2, exact, rtol=0, atol=0.05)
        assert error == 0


# Options, and the file

@pytest.mark.parametrize("parts", [["plik"], ["lensing", "lensing"], [], "lensing", None], ids=repr)
def test_bad_parts_are_refused_with_the_names_that_exist(parts):
    with pytest.raises(LoggedError) as error:
        likelihood(None, parts=parts) if parts else get_model({"likelihood": {PLANCK: {"parts": parts}}})
    assert "must be a list of one or more of plik_lite, lensing, lowl_TT, lowl_EE" in str(error.value)


def test_parts_add_up_and_ask_for_what_they_need(D):
    each = {name: likelihood(D["MI"], parts=[name]) for name in PARTS}
    total = likelihood(D["MI"]).loglike({"A_planck": 1})[0]
    assert_allclose(sum(model.loglike({"A_planck": 1})[0] for model in each.values()), total, rtol=1e-12)
    assert each["lowl_EE"].likelihood[PLANCK].get_requirements() == {"Cl": {"ee": 29}}
    assert each["plik_lite"].likelihood[PLANCK].get_requirements()["Cl"]["tt"] == 2508


@pytest.mark.parametrize("content", [b"", b"text", b"PK\3\4"], ids=["empty", "text", "half a zip"])
def test_a_file_that_is_no_compression_is_named(tmp_path, content):
    path = tmp_path / "mine.npz"
    path.write_bytes(content)
    for file in (path, tmp_path / "absent.npz"):
        with pytest.raises(LoggedError, match=re.escape(str(file))):
            likelihood(None, file=str(file))


def test_the_packaged_file_is_small_and_tells_how_it_was_made():
    assert os.path.getsize(compression.PACKAGED) < 1.5e6
    metadata = compression.load().metadata
    assert metadata["training"] > 100 and metadata["commit"] and metadata["cobaya"]
    assert metadata["likelihoods"]["plik_lite"]["github_release"] == "v1"
    for part, promised in PROMISED.items():
        assert metadata["agreement"][part]["std"] < promised


# sidr compress

@pytest.fixture
def training(D, tmp_path):
    """A file of spectra around those of `POINTS`."""
    ell = np.arange(2509)
    rng = np.random.default_rng(8)
    factor = np.where(ell > 0, 2 * np.pi / (ell * (ell + 1.) + (ell == 0)), 0)
    cl = np.array([[point[x][:2509] * factor for x in compression.SPECTRA] for point in D.values()])
    cl[:, 3] /= ell * (ell + 1.) + (ell == 0)
    mixed = np.einsum("nm,mxl->nxl", rng.dirichlet(np.ones(len(cl)), 60), cl)
    mixed *= np.exp(0.02 * rng.standard_normal((60, 1, 1)))
    np.savez(tmp_path / "spectra.npz", cl=mixed)
    return tmp_path / "spectra.npz"


@pytest.mark.data
def test_command_makes_a_compression_that_the_likelihood_reads(
        D, cobaya, training, tmp_path, packages_path, capsys):
    output = tmp_path / "mine.npz"
    command = ["compress", str(training), "-o", str(output), "-p", str(packages_path), "-d", "8"]
    assert cli.main(command) == 0
    assert "54 spectra; -2 ln L of 6 others" in capsys.readouterr().out
    model = likelihood(D["SI"], file=str(output))
    real = sum(part.exact_chi2(cobaya[name], D["SI"], 1) for name, part in PARTS.items())
    assert_allclose(-2 * model.loglike({"A_planck": 1})[0], real, rtol=0, atol=0.1)
    assert model.likelihood[PLANCK].metadata["training"] == 54


@pytest.mark.parametrize("arrays, message", [
    ({"spectra": np.ones(3)}, "has no array `cl`, only spectra"),
    ({"cl": np.ones((3, 3, 2509))}, r"shape \(3, 3, 2509\), not \(n, 4, 2509\)"),
    ({"cl": np.ones((3, 4, 2001))}, r"shape \(3, 4, 2001\)"),
    ({"cl": np.full((3, 4, 2509), np.nan)}, "not finite")])
def test_bad_spectra_are_one_clear_error(tmp_path, arrays, message):
    path = tmp_path / "spectra.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=f"{path}.*{message}"):
        compress.read_spectra(path)


def test_command_without_data_says_how_to_get_them(tmp_path, monkeypatch, capsys):
    command = ["compress", "spectra.npz", "-o", str(tmp_path / "mine.npz")]
    monkeypatch.delenv("COBAYA_PACKAGES_PATH", raising=False)
    assert cli.main(command) == 1
    assert "--packages-path" in capsys.readouterr().err
    assert cli.main([*command, "-p", str(tmp_path)]) == 1
    assert "cobaya-install" in capsys.readouterr().err


def test_single_spectra_files_and_folders_are_read_alike(training):
    import h5py

    cl = compress.read_spectra(training)
    with h5py.File(training.with_suffix(".h5"), "w") as file:
        file["cl"] = cl
    np.savez(training.parent / "z.npz", cl=cl[0])
    assert np.array_equal(compress.read_spectra(training.with_suffix(".h5")), cl)
    assert np.array_equal(compress.read_spectra(training.parent), np.concatenate([cl, cl[:1]]))
