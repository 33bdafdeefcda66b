"""The emulator against exact CLASS, and its parts against what they are to be."""

from types import SimpleNamespace

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from conftest import COARSE

from sidr import classy, precision
from sidr.emulator import Class, CosmoComputationError, CosmoSevereError, design, spectra
from sidr.emulator.cosmology import OutsideRegion, shipped
from sidr.emulator.emulator import RADIUS, Emulator, Prediction, amplitudes
from sidr.emulator.fit import expected_error, fit, planck_errors, worst
from sidr.emulator.refinement import accuracy
from sidr.emulator.training import Spectra, TrainingSet
from sidr.neutrinos import N_TOT, class_inputs

MODELS = ("lcdm", "nchi1", "nchi2")

#: Near the best fits of both modes for one flavour, at 100 theta_s of theirs
POINTS = {"MI": {"theta_s_100": 1.0418, "n_s": 0.967, "logA": 3.045, "log10_G_eff": -4.2, "m_nu_sum": 0.05},
          "SI": {"theta_s_100": 1.0430, "n_s": 0.957, "logA": 3.030, "log10_G_eff": -1.5, "m_nu_sum": 0.10}}
COMMON = {"omega_b": 0.02245, "omega_cdm": 0.1185, "tau_reio": 0.056, "N_chi": 0.75}


def class_of(point):
    """Inputs of CLASS."""
    return spectra.inputs(COMMON | point)


@pytest.fixture(scope="module", params=POINTS)
def exact(request):
    """Name, inputs and exact `Class` of a point."""
    cosmo = classy.Class()
    cosmo.set(class_of(POINTS[request.param]))
    cosmo.compute()
    return request.param, class_of(POINTS[request.param]), cosmo


# The emulators of the package

def test_spectra_are_those_of_class_within_the_errors_of_planck(exact):
    _, inputs, cosmo = exact
    emulated = Class()
    emulated.set(inputs)
    emulated.compute()
    units = np.array([1, 1, 1, 0])[:, None]
    ours, theirs = (np.array([c.lensed_cl(spectra.L_MAX)[x] for x in spectra.SPECTRA])
                    * (1e6 * spectra.T_CMB)**(2 * units) for c in (emulated, cosmo))
    chi2 = (((ours - theirs) / planck_errors(theirs))**2).sum()
    assert chi2 < 0.02      # of 10 thousand multipoles
    assert ours[0, 30:] == pytest.approx(theirs[0, 30:], rel=1e-3)


def test_background_and_derived_parameters_are_those_of_class(exact):
    _, inputs, cosmo = exact
    emulated = Class()      # the same H0: theta_s has the tolerance of CLASS's shooting
    emulated.set({name: x for name, x in inputs.items() if name != "100*theta_s"}, H0=100 * cosmo.h())
    emulated.compute()
    names = ["H0", "h", "Omega_m", "Omega_Lambda", "age", "Neff", "z_rec", "z_d", "rs_d", "100*theta_s",
             "YHe", "sigma8", "tau_reio", "n_s", "A_s", "N_sidr", "z_dec_sidr"]
    ours, theirs = (c.get_current_derived_parameters(names) for c in (emulated, cosmo))
    for name in names:
        assert ours[name] == pytest.approx(theirs[name], rel=3e-4 if name == "sigma8" else 3e-5), name
    z = np.array([0.3, 0.7, 2.3, 1089.0])
    assert emulated.Hubble(z) == pytest.approx([cosmo.Hubble(x) for x in z], rel=1e-5)
    assert emulated.angular_distance(z) == pytest.approx([cosmo.angular_distance(x) for x in z], rel=1e-5)
    assert emulated.rs_drag() == pytest.approx(cosmo.rs_drag(), rel=3e-5)


def test_H0_and_theta_s_are_the_same_cosmology(exact):
    _, inputs, _ = exact
    first, second = Class(), Class()
    first.set(inputs)
    first.compute()
    second.set({name: x for name, x in inputs.items() if name != "100*theta_s"}, H0=100 * first.h())
    second.compute()
    assert second.lensed_cl()["tt"] == pytest.approx(first.lensed_cl()["tt"], rel=1e-7)


def test_there_are_emulators_for_the_three_models_and_they_say_what_they_are():
    emulators = {e.about["model"]: e for e in shipped()}
    assert set(emulators) == set(MODELS)
    for e in emulators.values():
        assert e.about["settings"] == spectra.SETTINGS and e.about["alpha"] == "das_ghosh"
        assert {"size", "commit", "accuracy", "class"} <= e.about.keys()


@pytest.mark.parametrize(("change", "named"), [
    ({"k_step_sub": 0.05}, "k_step_sub"), ({"non_linear": "halofit"}, "non_linear"),
    ({"alpha_sidr": "exact"}, "alpha_sidr"), ({"T_cmb": 2.7}, "T_cmb"),
    ({"l_max_scalars": 3000}, "l_max_scalars"),
    ({"N_sidr": 0.5}, "N_sidr"), ({"T_ncdm": 0.7}, "T_ncdm"), ({"Omega_k": 0.01}, "Omega_k")])
def test_what_it_was_not_trained_for_is_refused_by_name(change, named):
    cosmo = Class()
    cosmo.set(class_of(POINTS["MI"]) | change)
    with pytest.raises(CosmoSevereError, match=named):
        cosmo.compute()


def test_an_input_that_is_missing_is_named():
    cosmo = Class()
    cosmo.set({name: x for name, x in class_of(POINTS["MI"]).items() if name != "omega_b"})
    with pytest.raises(CosmoSevereError, match="omega_b"):
        cosmo.compute()


@pytest.mark.parametrize("change", [{"theta_s_100": 1.03}, {"n_s": 0.85}, {"m_nu_sum": 1.0},
                                    {"log10_G_eff": 1.5}])
def test_outside_the_region_there_is_an_error_or_class(change):
    cosmo = Class()
    cosmo.set(class_of(POINTS["SI"] | change))
    with pytest.raises(OutsideRegion, match="outside the region") as error:
        cosmo.compute()
    assert cosmo.outside == 1 and error.value.by > 0


def test_fallback_is_exact():
    inputs = class_of(POINTS["SI"] | {"m_nu_sum": 0.9, "omega_b": 0.03}) | {"output": "tCl pCl lCl"}
    inputs.pop("P_k_max_1/Mpc")
    cosmo, reference = Class(fallback="exact"), classy.Class()
    for c in (cosmo, reference):
        c.set(inputs)
        c.compute()
    assert np.array_equal(cosmo.lensed_cl(2000)["tt"], reference.lensed_cl(2000)["tt"])
    assert cosmo.rs_drag() == pytest.approx(reference.rs_drag(), rel=1e-5)
    assert cosmo.angular_distance(0.7) == pytest.approx(reference.angular_distance(0.7), rel=1e-5)


@pytest.mark.parametrize("name", ["raw_cl", "derived"])
def test_what_is_not_emulated_is_an_error(name):
    cosmo = Class()
    cosmo.set(class_of(POINTS["MI"]))
    cosmo.compute()
    with pytest.raises(CosmoSevereError, match="sidr.theory.SIDR"):
        cosmo.raw_cl() if name == "raw_cl" else cosmo.get_current_derived_parameters(["z_reio"])


# What CLASS refuses, the emulator refuses

#: Inputs that make no cosmology, or none that CLASS takes; with the name that the error has
REFUSED = {
    "omega_b": [np.nan, np.inf, -np.inf, -0.02, 0, 1e300, "0.02x", None, [0.02, 0.03], "", "abc", {}],
    "omega_cdm": [np.nan, -0.1, 1e300, None], "n_s": [np.nan, np.inf, "one", None, [1, 1], 1e300, -3],
    "tau_reio": [np.nan, -0.05, 0, 1e300, None, "x"], "A_s": [np.nan, 0, -2e-9, 1e300, None],
    "H0": [np.nan, 0, -68, 1e300, [68, 70]], "log10_G_eff_sidr": [np.nan, np.inf, 1e300, -101, 11, None],
    "G_eff_sidr": [np.nan, -1, 1e11, "x"], "m_ncdm": [np.nan, "0.02,0.03", "x", -1e300],
    "N_bbn_sidr": [np.nan, "1 2", [], "x"],
    "N_sidr": [np.nan, -0.5, 200], "T_ncdm": [np.nan], "fugacity_ncdm": [0.9], "T_sidr": [0.7, "yes"]}


@pytest.mark.parametrize("name", REFUSED)
def test_what_class_refuses_the_emulator_refuses_by_name(name):
    good = {x: v for x, v in class_of(POINTS["MI"]).items() if x != "100*theta_s"} | {"H0": 68.3}
    coarse = good | COARSE
    if name == "G_eff_sidr":
        del good["log10_G_eff_sidr"], coarse["log10_G_eff_sidr"]
    for value in REFUSED[name]:
        cosmo = Class()
        with pytest.raises((CosmoSevereError, CosmoComputationError), match=name.split("_sidr")[0]):
            cosmo.set(good | {name: value})
            cosmo.compute()
        if name not in ("T_ncdm", "fugacity_ncdm", "T_sidr"):   # which CLASS knows, and the emulator not
            exact = classy.Class()
            with pytest.raises((CosmoSevereError, CosmoComputationError)):
                exact.set(coarse | {"cl_calibration": "none", name: value})
                exact.compute(["thermodynamics"])
                # a spectrum that is not finite, or one that no cosmology near Planck has
                assert name in ("n_s", "A_s", "omega_cdm", "H0")
                exact.set(l_max_scalars=300)
                exact.compute()
                raise CosmoComputationError if value == -3 else exact.lensed_cl()
        cosmo.empty()
        cosmo.set(good)
        assert np.isfinite(cosmo.lensed_cl(100)["tt"]).all()


def test_both_couplings_at_once_are_refused():
    cosmo = Class()
    cosmo.set(class_of(POINTS["MI"]), G_eff_sidr=1e-4)
    with pytest.raises(CosmoSevereError, match="log10_G_eff_sidr and G_eff_sidr"):
        cosmo.compute()


def test_coupling_is_the_same_under_both_names_and_none_streams_freely():
    inputs = {name: x for name, x in class_of(POINTS["MI"]).items() if name != "log10_G_eff_sidr"}

    def emulated(**coupling):
        cosmo = Class()
        cosmo.set(inputs | coupling)
        return cosmo

    assert emulated(G_eff_sidr=1e-3).lensed_cl()["tt"] == pytest.approx(
        emulated(log10_G_eff_sidr=-3).lensed_cl()["tt"], rel=1e-12)
    free = emulated(G_eff_sidr=0)
    assert free.z_dec_sidr == np.inf
    assert np.array_equal(free.lensed_cl()["tt"], emulated(log10_G_eff_sidr=-5).lensed_cl()["tt"])
    for small in ({"G_eff_sidr": 1e-6}, {"log10_G_eff_sidr": -6}):
        with pytest.raises(CosmoComputationError, match="outside the region"):
            emulated(**small).compute()


def test_products_are_computed_when_they_are_asked_for():
    cosmo = Class()
    with pytest.raises(CosmoSevereError, match="missing"):
        cosmo.lensed_cl()
    cosmo.set(class_of(POINTS["MI"]))
    assert 60 < 100 * cosmo.h() < 80 and cosmo.lensed_cl(10)["tt"].shape == (11,)
    first = cosmo.rs_drag()
    cosmo.set(omega_cdm=0.1190)
    assert cosmo.rs_drag() < first



# In Cobaya

def info(theory, **options):
    params = {name: COMMON[name] for name in ("omega_b", "omega_cdm", "tau_reio")}
    return {"theory": {theory: {"N_chi": 0.75, "N_nu": 2.294, **options}},
            "likelihood": {"sidr.likelihoods.DESI_DR2": None},
            "params": params | {"H0": 68.7, "A_s": 2.1e-9, "n_s": 0.96, "m_nu_sum": {"prior": [0, 1.5]},
                                "log10_G_eff": -1.5, "Omega_m": None, "rs_drag": None, "z_dec_sidr": None}}


def test_theory_is_that_of_sidr_by_one_line():
    exact = get_model(info("sidr.theory.SIDR", precision="planck", extra_args={"non_linear": "hmcode"}))
    emulated = get_model(info("sidr.theory.SIDREmulator"))
    assert list(exact.parameterization.derived_params()) == list(emulated.parameterization.derived_params())
    ours, theirs = (model.logposterior({"m_nu_sum": 0.1}) for model in (emulated, exact))
    assert ours.loglike == pytest.approx(theirs.loglike, abs=1e-3)
    assert ours.derived == pytest.approx(theirs.derived, rel=3e-5)


def test_theory_rejects_what_is_outside_and_goes_on():
    model = get_model(info("sidr.theory.SIDREmulator"))
    assert model.logposterior({"m_nu_sum": 1.2}).logpost == -np.inf
    theory = model.theory["sidr.theory.SIDREmulator"]
    assert theory.outside_by > 0
    assert np.isfinite(model.logposterior({"m_nu_sum": 0.1}).logpost) and theory.outside_by == 0


def test_number_of_chi_can_be_sampled_through_the_range_of_an_emulator():
    # n_chi = 1 and its rounded form; the last digit of deg_ncdm differs between two ways to write it
    run = info("sidr.theory.SIDREmulator")
    run["theory"] = {"sidr.theory.SIDREmulator": None}
    run["params"] |= {"n_chi": {"prior": [0.98, 1.0]}, "m_nu_sum": 0.1}
    model = get_model(run)
    values = [model.logposterior({"n_chi": x}).loglike for x in np.linspace(0.981, 0.999, 50)]
    assert np.isfinite(values).all() and np.abs(np.diff(values)).max() < 0.01

@pytest.mark.parametrize(("options", "named"), [
    ({"emulator": "nowhere.npz"}, "nowhere.npz"), ({"fallback": "guess"}, "guess"),
    ({"precision": "fast"}, "fast")])
def test_wrong_options_are_named(options, named):
    with pytest.raises(Exception, match=named):
        get_model(info("sidr.theory.SIDREmulator", **options))


def test_settings_of_another_training_stop_a_run():
    with pytest.raises(LoggedError, match="l_max_g = 20, but cl_calibration = planck holds without"):
        get_model(info("sidr.theory.SIDREmulator", extra_args={"l_max_g": 20}))
    model = get_model(info("sidr.theory.SIDREmulator", extra_args={"non_linear": "halofit"}))
    model.add_requirements({"Cl": {"tt": 100}})
    with pytest.raises(LoggedError, match="trained with"):
        model.logposterior({"m_nu_sum": 0.1})


def test_products_that_are_not_emulated_are_refused_at_start():
    model = get_model(info("sidr.theory.SIDREmulator"))
    with pytest.raises(Exception, match="unlensed_Cl"):
        model.add_requirements({"unlensed_Cl": {"tt": 100}})


# Design and training

@pytest.mark.parametrize("model", MODELS)
def test_design_is_around_a_centre_that_moves_with_the_coupling(model):
    shape = design.load(model)
    points = shape.points(256)
    z = shape.whitened(points)
    assert np.abs(z[:, :6].mean(axis=0)).max() < 0.05
    assert z[:, :6].std(axis=0) == pytest.approx(np.full(6, 0.98), abs=0.03)    # truncated at 3
    assert all(shape.excess(p) == 0 for p in points)
    # half a Gaussian of 0.2 eV for three neutrinos: of fewer ones, as much mass density
    N_nu = N_TOT - np.mean(shape.N_chi)
    density = points[:, 6] * N_nu / N_TOT
    assert np.sqrt(np.mean(density**2)) == pytest.approx(0.2, rel=0.03) and density.max() < 0.6
    assert np.array_equal(shape.points(16, start=64), points[64:80])
    if model != "lcdm":     # the phase of a coupled fluid
        theta = shape.centre([0.06, 0.06], [-5, -1])[:, 2]
        assert np.diff(theta) > 4 * 3e-4


def smooth(points):
    """Spectra that depend on the parameters in a simple way."""
    ell = np.arange(spectra.L_MAX + 1)
    x = design.load("nchi1").whitened(points)
    shapes = np.array([np.cos(ell / (100 + 30 * i)) for i in range(x.shape[1])])
    base = 1e3 / (1 + ell)**2
    tt = base * (1 + 1e-3 * np.sin(x) @ shapes)
    cl = np.stack([tt, 0.1 * tt, 0.05 * tt, 1e-9 * tt], axis=1) * amplitudes(points)[:, :, None] / 20
    numbers = np.ones((len(points), len(spectra.NUMBERS)))
    numbers[:, spectra.NUMBERS.index("sigma8")] = 0.15 * np.exp(points[:, 3] / 2) * (1 + 0.01 * x[:, 0])
    return Spectra(design.load("nchi1").names, points, cl, numbers)


@pytest.fixture(scope="module")
def toy():
    shape = design.load("nchi1")
    about = {"model": "toy", "settings": {}}
    return fit(smooth(shape.points(128)), shape, about, components=9, progress=False)


def test_smooth_functions_are_learned(toy):
    points = toy.design.points(8, start=1000)
    exact = smooth(points)
    scale = np.ptp(exact.cl, axis=0).max(axis=1)[:, None]
    for point, cl, sigma8 in zip(points, exact.cl, exact.numbers[:, spectra.NUMBERS.index("sigma8")],
                                 strict=True):
        assert np.abs((toy.predict(point).cl - cl) / scale).max() < 0.05
        assert toy.predict(point).sigma8 == pytest.approx(sigma8, rel=1e-4)


def test_expected_error_is_small_where_it_was_trained_and_new_points_lower_it(toy):
    trained, other = toy.design.points(128)[:8], toy.design.points(32, start=512)
    assert expected_error(toy, trained).max() < 0.5 * np.median(expected_error(toy, other))
    chosen = worst(toy, other, 8)
    nodes = np.vstack([toy.arrays["nodes"], toy.design.whitened(chosen)])
    assert expected_error(toy, other, nodes).max() < 0.8 * expected_error(toy, other).max()


def test_file_gives_the_same_emulator_again(toy, tmp_path):
    toy.save(tmp_path / "toy.npz")
    again = Emulator.load(tmp_path / "toy.npz")
    point = toy.design.points(1)[0]
    assert again.about == toy.about
    assert again.predict(point).cl == pytest.approx(toy.predict(point).cl, rel=1e-6, abs=1e-12)
    np.savez(tmp_path / "other.npz", x=1)
    with pytest.raises(ValueError, match="other.npz is damaged .it has no about.* `sidr train`"):
        Emulator.load(tmp_path / "other.npz")


def test_region_ends_at_its_radius(toy):
    point = toy.design.points(1)[0]
    centre = toy.design.centre([point[6]], [point[7]])[0]
    direction = (point[:6] - centre) / np.linalg.norm(toy.design.whitened(point)[0, :6])
    for radius in (0.99 * RADIUS, 1.5 * RADIUS):
        p = np.append(centre + radius * direction, point[6:])
        assert toy.outside_by(p) == pytest.approx(max(0, radius - RADIUS), abs=1e-9)


def test_accuracy_is_that_at_the_calibration_of_the_spectra():
    emulator = next(e for e in shipped() if e.about["model"] == "nchi1")
    names = emulator.design.names
    point = np.array([(COMMON | POINTS["MI"])[name] for name in names])
    exact, ell = emulator.predict(point).cl, np.arange(spectra.L_MAX + 1)

    def error(calibration):
        cl = exact * calibration**2
        other = SimpleNamespace(design=emulator.design, predict=lambda _: Prediction(
            cl * (1 + 1e-3 * np.cos(ell / 40)), 0.8))
        found = accuracy(other, Spectra(names, point[None], cl[None], None))
        assert found["MI"]["points"] == 1
        return found["MI"]["mean"]

    assert error(1.004) == pytest.approx(error(1), abs=0.02) and abs(error(1)) > 0.1


def test_training_goes_on_after_a_kill_and_lists_failures(tmp_path):
    shape = design.load("lcdm")
    points = shape.points(2)
    points[1, 0] = 0.9      # omega_b, which CLASS refuses
    training = TrainingSet(tmp_path, "lcdm", shape.names)
    failed = training.compute("design", points, 1)
    assert list(failed) == ["design_00001"]
    written = (tmp_path / "design_00000.npz").stat().st_mtime_ns
    assert training.compute("design", points, 1) == failed
    assert (tmp_path / "design_00000.npz").stat().st_mtime_ns == written
    found = training.load()
    assert found.params == pytest.approx(points[:1])
    assert found.numbers[0, spectra.NUMBERS.index("100*theta_s")] == pytest.approx(points[0, 2], rel=1e-5)
    with pytest.raises(ValueError, match="alpha"):
        TrainingSet(tmp_path, "lcdm", shape.names, alpha="exact")


def test_settings_are_those_of_the_run_files():
    assert precision.planck.items() <= spectra.SETTINGS.items()
    neutrinos = class_inputs(N_chi=0.75, N_nu=N_TOT - 0.75, m_nu_sum=0.05)
    assert neutrinos.items() <= class_of(POINTS["MI"]).items()
