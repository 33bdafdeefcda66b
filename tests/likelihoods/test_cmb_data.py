"""ACT DR6, SPT-3G, Planck's cut, lensing and supernovae: chi2 of stored spectra, and what goes together."""

import sys
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from cobaya import likelihoods
from cobaya.component import ComponentNotInstalledError, get_component_class
from cobaya.log import LoggedError
from cobaya.model import get_model
from cobaya.theory import Theory
from cobaya.yaml import yaml_load_file
from numpy.testing import assert_allclose
from scipy.integrate import quad
from sidr.likelihoods.sky import BY_OPTION, LENSING_MAPS, MEASURES, measures

CHAINS = Path(__file__).parents[2] / "chains"
ACT, D1, SPT_2018, CUT, LENSING, PR4 = (f"sidr.likelihoods.{name}" for name in (
    "ACTDR6", "SPT3GD1", "SPT3G2018", "PlanckCut", "CMBLensing", "PlanckPR4Lensing"))
PLIK = "planck_2018_highl_plik.TTTEEE_lite_native"

#: Packages that the tests do without
OTHERS = ("act_dr6_mflike", "act_dr6_cmbonly", "planckpr4lensing", "planck_2020_hillipop",
          "planck_2020_lollipop")

#: The official spectra of ACT's and of SPT's own tests
ACT_SPECTRA = "candl_data/ACT_DR6_CMB_only_v0/tests/camb159_official_test_spec.txt"
SPT_SPECTRA = "spt_candl_data/tests/SPT3G_D1_TnE_test_spec.txt"


class Stored(Theory):
    """Columns l, D_TT, D_TE, D_EE [muK^2] of a file; distances of flat LCDM without radiation."""

    params = {"amplitude": 1, "Omega_m": None}

    file: str | None = None

    def get_can_provide(self):
        return ["Cl", "angular_diameter_distance"]

    def must_provide(self, **requirements):
        pass

    def calculate(self, state, want_derived=True, **params):
        state["Omega_m"] = params["Omega_m"]

    def get_Cl(self, ell_factor=False, units="muK2"):
        assert ell_factor and units == "muK2"
        table = np.loadtxt(self.file)
        ell = np.arange(table[-1, 0] + 1)
        D = {x: np.zeros(len(ell)) for x in ("tt", "te", "ee", "bb")}
        for x, column in zip(("tt", "te", "ee"), table.T[1:], strict=False):
            D[x][int(table[0, 0]):] = column
        return D | {"ell": ell, "pp": np.zeros(len(ell))}

    def get_angular_diameter_distance(self, z):
        Omega_m = self.current_state["Omega_m"]
        return 299792.458 / 70 * np.array([quad(
            lambda x: (Omega_m * (1 + x)**3 + 1 - Omega_m)**-0.5, 0, one)[0] / (1 + one) for one in z])


@pytest.fixture
def data(packages_path):
    pytest.importorskip("candl", reason="the extra cmb is not installed")
    return packages_path / "data"


def model(likelihoods, params=None, file=None):
    likelihoods = likelihoods if isinstance(likelihoods, dict) else dict.fromkeys(likelihoods)
    return get_model({"theory": {"stored": {"external": Stored, "file": str(file)}},
                      "likelihood": likelihoods, "params": {"Omega_m": 0.3} | (params or {})})


def chi2(*args, **kwargs):
    """-2 ln L of each likelihood of a model, by name."""
    m = model(*args, **kwargs)
    return dict(zip(m.likelihood, -2 * m.loglikes({}, return_derived=False), strict=True))


def part(name):
    return yaml_load_file(str(CHAINS / f"parts/{name}.yaml"))


# Band powers

def test_p_act_is_the_official_one_of_its_authors(data):
    values = chi2([ACT, CUT], {"A_act": 1, "P_act": 1, "A_planck": 1}, data / ACT_SPECTRA)
    assert_allclose(values[ACT] / -2, -395.48, atol=0.006)
    assert_allclose(sum(values.values()) / -2, -962.27, atol=0.006)


def test_spt3g_d1_is_the_official_one_of_its_authors(data):
    # their -83.20924 has the priors of tau, 3 sigma^2/2 from 0.051, and of Tcal in it
    expected = 2 * 83.20924274 - ((0.054 - 0.051) / 0.006)**2 - (0.001 / 0.0036)**2
    value = chi2([D1], {"Tcal": 1.001, "Ecal": 0.999}, data / SPT_SPECTRA)[D1]
    assert_allclose(value, expected, atol=0.001)
    assert_allclose(value, 166.0913, atol=0.001)


#: Of each data set: its files, factors by which TT, TE and EE are divided, and the aberration
FORMULAS = {
    ACT: ("candl_data/ACT_DR6_CMB_only_v0", "ACT_DR6_CMB_only_{}.txt",
          lambda A_act, P_act: (A_act**2, A_act**2 * P_act, A_act**2 * P_act**2), 0),
    D1: ("spt_candl_data/SPT3G_D1_TnE/lite", "SPT3G_D1_TnE_lite_{}.txt",
         lambda Tcal, Ecal: (Tcal**2, Tcal**2 * Ecal, Tcal**2 * Ecal**2), 0.0004826),
    SPT_2018: ("candl_data/SPT3G_2018_TTTEEE_v0", "spt3g_2018_ttteee_{}_lite.txt",
               lambda Tcal, Ecal: (Tcal**2, Tcal * Ecal, Ecal**2), 0.0004826),
}


@pytest.mark.parametrize("name, calibration", [
    (ACT, {"A_act": 1.002, "P_act": 0.997}), (D1, {"Tcal": 1.003, "Ecal": 0.996}),
    (SPT_2018, {"Tcal": 1.003, "Ecal": 0.996})])
def test_band_powers_are_windows_aberration_and_calibrations(data, name, calibration):
    folder, file, factors, aberration = FORMULAS[name]
    table = np.loadtxt(data / ACT_SPECTRA)
    ell, band_powers = table[:, 0], []
    for x, D, c in zip(("TT", "TE", "EE"), table.T[1:], factors(**calibration), strict=True):
        windows = np.loadtxt(data / folder / f"windows/{x}_lxl_window_functions.txt")
        L, D = ell[:len(windows)], D[:len(windows)]
        D = D + aberration * L**2 * (L + 1) / (2 * np.pi) * np.gradient(2 * np.pi * D / (L * (L + 1)))
        band_powers.append(windows[:, 1:].T @ D / c)
    difference = np.loadtxt(data / folder / file.format("bdp")) - np.concatenate(band_powers)
    covariance = np.loadtxt(data / folder / file.format("cov"))
    assert len(difference) == {ACT: 135, D1: 196, SPT_2018: 123}[name]
    expected = difference @ np.linalg.solve(covariance, difference)
    assert_allclose(chi2([name], calibration, data / ACT_SPECTRA)[name], expected, atol=0.01)


@pytest.mark.parametrize("name, calibration", [
    (ACT, {"A_act": 1.002, "P_act": 0.997}), (D1, {"Tcal": 1.003, "Ecal": 0.996}),
    (SPT_2018, {"Tcal": 1.003, "Ecal": 0.996})])
def test_it_is_candl_s_own_likelihood(data, name, calibration):
    file = get_component_class(name).find(data.parent)
    options = {"data_set_file": str(file), "lensing": False, "clear_internal_priors": True,
               "feedback": False, "wrapper": None, "additional_args": {}}
    theirs = {"candl": {"class": "candl.interface.CandlCobayaLikelihood"} | options}
    expected = chi2(theirs, calibration | {"tau": 0.06}, data / ACT_SPECTRA)["candl"]
    assert_allclose(chi2([name], calibration, data / ACT_SPECTRA)[name], expected, rtol=1e-6)


def test_calibrations_have_the_published_priors(data):
    def log_prior(name, **point):
        prior = model([name], file=data / ACT_SPECTRA).prior
        at_mean, here = (prior.logp(np.array([p.get(x, 1.0) for x in prior.params])) for p in ({}, point))
        return here - at_mean

    assert_allclose(log_prior(ACT, A_act=1.003), -0.5)
    assert_allclose(log_prior(ACT, P_act=1.09), 0)
    assert_allclose(log_prior(D1, Tcal=1.0036), -0.5)
    assert_allclose(log_prior(D1, Ecal=1.19), 0)
    assert log_prior(ACT, P_act=1.11) == log_prior(D1, Ecal=1.21) == -np.inf
    covariance = np.loadtxt(data / FORMULAS[SPT_2018][0] / "lite_cal_cov.txt")
    x = np.array([0.004, -0.006])
    assert_allclose(log_prior(SPT_2018, Tcal=1.004, Ecal=0.994),
                    -0.5 * x @ np.linalg.solve(covariance, x), rtol=1e-5)


def test_cut_of_plik_lite_is_that_of_p_act(data):
    if not (data / "planck_2018_pliklite_native/plik_lite_v22_PACTcut.dataset").exists():
        pytest.skip("no plik_lite_v22_PACTcut.dataset beside plik_lite")
    theirs = {PLIK: {"dataset_file": "plik_lite_v22_PACTcut.dataset"}}
    for A in (1, 1.01):
        assert_allclose(chi2([CUT], {"A_planck": A}, data / ACT_SPECTRA)[CUT],
                        chi2(theirs, {"A_planck": A}, data / ACT_SPECTRA)[PLIK], rtol=1e-9)
    cut = model([CUT], {"A_planck": 1}, data / ACT_SPECTRA).likelihood[CUT]
    assert [len(bins) for bins in cut.used_bins] == [114, 69, 69]
    assert cut.get_requirements()["Cl"] == dict.fromkeys(["tt", "te", "ee"], 999)


# With spectra of CLASS

#: At the point of the fixture, with calibrations of 1; ACT: 162.14 with CLASS's own largest wavenumber
CMB_CHI2 = {ACT: 162.25, D1: 164.47, SPT_2018: 141.52, CUT: 220.98}

#: At the point of the fixture, with CLASS: of the authors' programs
LENSING_CHI2 = {"act_baseline": 14.072, "actplanck_baseline": 19.848, "spt3g": 20.673,
                "actspt3g_baseline": 33.650, "actplanckspt3g_baseline": 37.551}
PR4_CHI2 = 8.791


@pytest.fixture(scope="module")
def spectra():
    """What gives spectra to l = 6600, from stock CLASS at Planck's best fit."""
    params = {"omega_b": 0.022383, "omega_cdm": 0.12011, "H0": 67.32, "tau_reio": 0.0543, "n_s": 0.96605,
              "A_s": 1e-10 * np.exp(3.0448), "N_ur": 2.0308, "N_ncdm": 1, "m_ncdm": 0.06}
    # with CLASS's own largest wavenumber, chi2 of SPT's lensing is 0.1 more
    settings = {"non_linear": "hmcode", "output": "mPk", "P_k_max_1/Mpc": 20}
    m = get_model({"theory": {"classy": {"extra_args": settings}}, "likelihood": {"one": lambda: 0},
                   "params": params})
    m.add_requirements({"Cl": dict.fromkeys(["tt", "te", "ee", "pp"], 6600)})
    m.logposterior({})
    return m.provider


@pytest.mark.parametrize("name", CMB_CHI2)
def test_band_powers_with_class(data, spectra, name):
    likelihood = get_component_class(name)(packages_path=str(data.parent))
    likelihood.provider = spectra
    calibrations = dict.fromkeys(["A_act", "P_act", "Tcal", "Ecal", "A_planck"], 1)
    assert_allclose(-2 * likelihood.logp(**calibrations), CMB_CHI2[name], atol=0.05)


def test_lensing_has_the_chi2_of_the_authors_programs(data, spectra):
    pytest.importorskip("act_dr6_lenslike")
    for variant, expected in LENSING_CHI2.items():
        likelihood = get_component_class(LENSING)({"variant": variant, "packages_path": str(data.parent)})
        likelihood.provider = spectra
        assert_allclose(-2 * likelihood.logp(), expected, atol=0.05, err_msg=variant)
        # without SPT `precision: planck` will do
        assert likelihood.get_requirements()["Cl"]["pp"] == (3073 if "spt" in variant else 763)


def test_lensing_of_pr4(data, spectra):
    likelihood = get_component_class(PR4)({"packages_path": str(data.parent)})
    likelihood.provider = spectra
    assert_allclose(-2 * likelihood.logp(A_planck=1), PR4_CHI2, atol=0.05)


@pytest.mark.parametrize("variant", ["planck", "actplanck", None, ["spt3g"]], ids=repr)
def test_unknown_variant_of_lensing_is_refused_with_those_that_exist(data, variant):
    with pytest.raises(LoggedError) as error:
        get_component_class(LENSING)({"variant": variant, "packages_path": str(data.parent)})
    assert f"variant = {variant!r} must be one of {', '.join(LENSING_MAPS)}" in str(error.value)


# What goes together

def variant(name):
    return {LENSING: {"variant": name}}


COMPRESSED = "sidr.likelihoods.PlanckCompressed"


@pytest.mark.parametrize("likelihoods, twice", [
    ([D1, SPT_2018], "the spectra of SPT-3G's main field"),
    ([ACT, PLIK], "the small scales"),
    ([ACT, "planck_2018_highl_plik.TT_lite_native"], "the small scales"),
    ([ACT, COMPRESSED], "the small scales"),
    ([CUT, PLIK], "Planck's spectra"),
    ({ACT: None, COMPRESSED: {"parts": ["lowl_EE"]}, "planck_2018_lowl.EE_sroll2": None},
     "Planck's EE at l < 30"),
    ([PR4, "planck_2018_lensing.native"], "Planck's map"),
    (variant("actplanck_baseline") | {PR4: None}, "Planck's map"),
    (variant("actspt3g_baseline") | {"b": {"class": LENSING, "variant": "spt3g"}}, "SPT's map"),
    (variant("act_extended") | {"b": {"class": LENSING, "variant": "act_baseline"}}, "ACT's map"),
    (variant("actplanck_baseline") | {COMPRESSED: None}, "Planck's map"),
    ({ACT: None, "sn.union3": None,
      "b": {"class": "sn.union3", "dataset_file": "Union3.1/full_long.dataset"}}, "the nearby supernovae"),
])
def test_data_that_count_twice_are_refused_by_name(data, likelihoods, twice):
    with pytest.raises(LoggedError, match=f"count the same data twice: .*{twice}"):
        model(likelihoods, file=data / ACT_SPECTRA)


@pytest.mark.parametrize("likelihoods", [
    [ACT, CUT, D1], [ACT, CUT, SPT_2018], [PLIK, D1], [COMPRESSED, SPT_2018],
    {ACT: None, CUT: None, COMPRESSED: {"parts": ["lowl_TT", "lowl_EE", "lensing"]}},
    variant("act_baseline") | {PR4: None},
    variant("actplanckspt3g_baseline") | {ACT: None, CUT: None, D1: None}])
def test_data_that_papers_combine_are_not_refused(data, likelihoods):
    m = model(likelihoods, file=data / ACT_SPECTRA)
    assert set(m.likelihood) == set(likelihoods)


def test_the_way_out_is_named(data):
    with pytest.raises(LoggedError, match="take Planck's spectra from sidr.likelihoods.PlanckCut"):
        model([ACT, COMPRESSED], file=data / ACT_SPECTRA)


@pytest.mark.parametrize("name", [name for name in [*MEASURES, *BY_OPTION] if not name.startswith(OTHERS)])
def test_table_has_the_names_of_likelihoods(name):
    if name == "act_dr6_lenslike":
        lenslike = pytest.importorskip(name).ACTDR6LensLike
        assert lenslike.get_qualified_class_name() == name
        assert measures(object.__new__(lenslike)) == set(LENSING_MAPS["act_baseline"])
    elif "." in name:
        assert get_component_class(name, kind="likelihood").get_qualified_class_name() == name
    else:
        assert list((Path(likelihoods.__file__).parent / name).glob("*.yaml"))


# Not installed

@pytest.mark.parametrize("name, file", [(ACT, "ACT_DR6_CMB_only.yaml"), (D1, "SPT3G_D1_TnE_lite.yaml"),
                                        (LENSING, "muse_likelihood.npz"), (PR4, "PS1.dataset")])
def test_missing_data_say_how_to_install_them(tmp_path, caplog, name, file):
    with pytest.raises(ComponentNotInstalledError, match=f"cobaya-install {name}"):
        get_component_class(name)(packages_path=str(tmp_path))
    assert file in caplog.text and str(tmp_path) in caplog.text
    assert not get_component_class(name).is_installed(path=str(tmp_path))
    assert get_component_class(name).is_installed(path=str(tmp_path), data=False)


@pytest.mark.parametrize("name, program", [(ACT, "candl"), (LENSING, "act_dr6_lenslike")])
def test_missing_program_says_how_to_install_it(packages_path, monkeypatch, name, program):
    for module in [m for m in sys.modules if m.split(".")[0] == program]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, program, None)
    with pytest.raises(LoggedError, match=r'pip install "\.\[cmb\]"'):
        get_component_class(name)({"packages_path": str(packages_path)})


def test_cobaya_installs_an_archive_of_the_authors_repository(data, tmp_path, monkeypatch):
    name, likelihood = "ACT_DR6_CMB_only_v0", get_component_class(ACT)
    archive = tmp_path / "candl_data.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for suffix in (".yaml", "_bdp.txt", "_cov.txt"):
            path = f"{name}/{name[:-3]}{suffix}"
            file.write(data / "candl_data" / path, f"candl_data-1/candl_data/{path}")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}/{archive.name}"
        options = likelihood.install_options | {"download_url": url}
        monkeypatch.setattr(likelihood, "install_options", options)
        assert likelihood.install(path=str(tmp_path / "packages"), no_progress_bars=True)
        server.shutdown()
    assert likelihood.is_installed(path=str(tmp_path / "packages"))
    assert likelihood.find(tmp_path / "packages").read_text() == (
        data / "candl_data" / name / f"{name[:-3]}.yaml").read_text()


def test_data_of_the_authors_package_serve_as_well(data, tmp_path, monkeypatch):
    (tmp_path / "candl_data").mkdir()
    (tmp_path / "candl_data/__init__.py").touch()
    name = "ACT_DR6_CMB_only_v0"
    (tmp_path / "candl_data" / name).symlink_to(data / "candl_data" / name)
    (tmp_path / "empty").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    found = get_component_class(ACT).find(tmp_path / "empty")
    assert found == tmp_path / "candl_data" / name / f"{name[:-3]}.yaml"


# Supernovae

@pytest.mark.parametrize("block, expected", [
    ("union3", 28.658), ("union3_1", 30.328), ("des_dovekie_compressed", 20.811)])
def test_supernovae_at_omega_m_of_0_3(packages_path, block, expected):
    likelihood = part(block)
    if not (packages_path / "data/sn_data" / (likelihood["sn.union3"] or {}).get(
            "dataset_file", "Union3/full_long.dataset")).exists():
        pytest.skip(f"no data of {block}")
    assert_allclose(chi2(likelihood)["sn.union3"], expected, atol=0.01)


# Run files

@pytest.mark.parametrize("name, likelihoods", [
    ("p_act_desi", {ACT, CUT, LENSING}), ("cmb_spa_desi", {ACT, CUT, D1, LENSING})])
def test_run_file_is_a_model(data, name, likelihoods):
    pytest.importorskip("act_dr6_lenslike")
    info = yaml_load_file(str(CHAINS / f"{name}.yaml"))
    assert info["output"] == f"chains/{name}"
    m = get_model({key: info[key] for key in ("theory", "likelihood", "params")})
    assert set(m.likelihood) == likelihoods | {"planck_2018_lowl.TT", "planck_2018_lowl.EE_sroll2",
                                               "sidr.likelihoods.DESI_DR2"}
    sampled = set(m.parameterization.sampled_params())
    assert {"A_act", "P_act"} < sampled and "A_planck" not in sampled and "tau" not in sampled
    assert ("Tcal" in sampled) == (D1 in likelihoods)
    assert m.theory["sidr.theory.SIDR"].extra_args["l_max_scalars"] == 6500
    assert m.parameterization.to_input({p: 1.01 for p in sampled})["A_planck"] == 1.01
    covmat = info["sampler"]["mcmc"]["covmat_params"]
    assert set(covmat) - {"A_planck"} < sampled


@pytest.mark.parametrize("name", ["ACTDR6", "SPT3GD1", "SPT3G2018", "PlanckCut", "PlanckPR4Lensing",
                                  "CMBLensing", "LymanAlpha"])
def test_cobaya_finds_class_defaults_and_references(name):
    likelihood = get_component_class(f"sidr.likelihoods.{name}", kind="likelihood")
    assert likelihood.get_qualified_class_name() == f"sidr.likelihoods.{name}"
    assert likelihood.get_defaults()["speed"] > 0
    cited = set(likelihood.__doc__.split(r"\cite{")[1].split("}")[0].split(","))
    assert all(f"{{{key}," in likelihood.get_bibtex() for key in cited)
