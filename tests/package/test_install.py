"""What is installed: the packages, and sidr.classy as a drop-in beside the stock classy."""

import ast
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from cobaya.doc import doc_script
from conftest import ROOT
from numpy.testing import assert_allclose

import prepare
import sidr.classy
from sidr.classy import Class, CosmoComputationError, CosmoSevereError

CHI = {"N_sidr": 0.5, "log10_G_eff_sidr": -2}


@pytest.fixture
def classy():
    """The stock module."""
    return pytest.importorskip("classy", reason="needs the stock classy to compare with")


@pytest.fixture(scope="module")
def cosmo():
    """A cosmology with chi, and its transfer functions."""
    cosmo = Class()
    cosmo.set(CHI, output="mTk,vTk", **{"P_k_max_1/Mpc": 0.1})
    cosmo.compute()
    return cosmo


@pytest.mark.parametrize("name", [
    "theory.SIDR", "theory.SIDREmulator", "theory.ThermalHistory", "theory.PseudoDirac",
    "samplers.Nautilus", "likelihoods.PlanckCompressed", "likelihoods.Neff", "likelihoods.DESI_DR1",
    "likelihoods.DESI_DR2", "likelihoods.ACTDR6", "likelihoods.SPT3GD1", "likelihoods.SPT3G2018",
    "likelihoods.PlanckCut", "likelihoods.PlanckPR4Lensing", "likelihoods.CMBLensing",
    "likelihoods.LymanAlpha"])
def test_cobaya_doc_shows_every_option_with_its_meaning(name, capsys):
    # It shows nothing of a class that has values beside those of its YAML file.
    *folder, component = name.split(".")
    doc_script([f"sidr.{name}"])
    shown = capsys.readouterr().out
    path = ROOT / ("likelihoods" if folder == ["likelihoods"] else f"pyext/sidr/{folder[0]}")
    for line in (path / f"{component}.yaml").read_text().splitlines():
        assert line in shown


def test_setup_lists_every_package_folder():
    listed = next(ast.literal_eval(node.value) for node in ast.walk(ast.parse(
        (ROOT / "setup.py").read_text())) if getattr(node, "arg", None) == "packages")
    folders = [p.parent.relative_to(ROOT / "pyext") for p in ROOT.glob("pyext/**/__init__.py")]
    folders += [Path("sidr", p.parent.relative_to(ROOT)) for p in
                ROOT.glob("likelihoods/**/__init__.py")]
    assert sorted(listed) == sorted(".".join(folder.parts) for folder in folders)


def test_source_distribution_has_what_a_build_needs_and_no_results(tmp_path):
    copy = tmp_path / "sidr"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(
        ".*", "build", "docs", "external", "*.so", "*.egg-info"))
    code = f"from setuptools import build_meta; print(build_meta.build_sdist({str(tmp_path)!r}))"
    result = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    with tarfile.open(tmp_path / result.stdout.split()[-1]) as file:
        names = {"/".join(name.split("/")[1:]) for name in file.getnames()}
    assert {"class_patch/patches/series", "class_patch/src/sidr.h", "chains/quickstart.yaml", "LICENSE",
            "pyext/sidr/emulator/emulators/nchi1.npz", "likelihoods/PlanckCompressed.npz"} < names
    assert not [name for name in names if name.startswith("chains/results") or name.endswith((".o", ".so"))]


def test_missing_compiler_is_named_before_anything_is_built(tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    result = subprocess.run([sys.executable, "setup.py", "build_ext"], cwd=ROOT, text=True,
                            env=os.environ | {"PATH": str(tmp_path)}, capture_output=True)
    assert result.returncode != 0
    assert "error: The program `gcc` is missing" in result.stderr
    assert "apt-get install build-essential" in result.stderr


#: What a folder may be called: characters that make, a shell, C or Cython read
NAME = "My Documents (a) #1 $HOME it's 100% [x]*? & \\ \"ü\";"


def test_class_compiles_in_a_folder_with_any_name(tmp_path):
    # input.c has the path of the folder as a text.
    tree = tmp_path / NAME
    prepare.prepare(tree)
    result = subprocess.run(["make", "input.o", "arrays.opp"], cwd=tree, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert os.fsencode(tree) in (tree / "build" / "input.o").read_bytes()
    assert (tree / "build" / "arrays.opp").is_file()


@pytest.mark.slow
def test_package_installs_from_a_folder_with_any_name(tmp_path):
    source, target = tmp_path / NAME, tmp_path / "target of a b"
    shutil.copytree(ROOT, source, symlinks=True, ignore=shutil.ignore_patterns(
        ".*", "chains", "docs", "tests", "external", "*.so", "temp.*", "lib.*", "bdist.*"))
    result = subprocess.run([sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation",
                             "--target", target, "."], cwd=source, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    code = ("import sidr.classy; c = sidr.classy.Class(); c.set(N_sidr=0.5, output='tCl'); c.compute();"
            "print(sidr.classy.__file__, c.Neff)")
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
                            env=os.environ | {"PYTHONPATH": str(target)})
    assert result.stdout.startswith(str(target)), result.stderr
    assert float(result.stdout.split()[-1]) == pytest.approx(3.544, abs=1e-3)


@pytest.mark.parametrize("name", ['say "hi"', "two\nlines", "x" * 120 + "$"])
def test_environment_in_which_no_script_starts_is_named(name, tmp_path):
    python = tmp_path / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    # a symlink is enough: it is the path by which pip starts the build
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    result = subprocess.run([python, "setup.py", "build_ext"], cwd=ROOT, capture_output=True, text=True,
                            env=environment)
    assert result.returncode != 0
    assert "Scripts such as cobaya-run cannot start in" in result.stderr
    assert "in another folder" in result.stderr


def test_compilers_and_flags_of_the_environment_reach_class(tmp_path):
    # Compilers that write down their arguments, and fail.
    shutil.copytree(ROOT, tmp_path / "source", ignore=shutil.ignore_patterns(
        ".*", "build", "chains", "docs", "tests", "external", "*.so"))
    commands = {}
    for name in ("CC", "CXX"):
        commands[name] = tmp_path / f"my-{name}"
        commands[name].write_text(f"#!/bin/sh\necho $0 $@ >> '{tmp_path}/calls'\nexit 1\n")
        commands[name].chmod(0o755)
    environment = {name: f"{path} -pipe" for name, path in commands.items()} | {
        "CFLAGS": "-DBOTH=1 -Os", "CXXFLAGS": "-DCXX_ONLY=2", "CPPFLAGS": "-DPRE=3", "MAKEFLAGS": "-k"}
    result = subprocess.run([sys.executable, "setup.py", "build_ext"], cwd=tmp_path / "source", text=True,
                            capture_output=True, env=os.environ | environment)
    assert "libclass.a" in result.stderr and "failed in" in result.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    by_file = {call.split(" -c ")[1].split()[0]: call for call in calls if " -c " in call}
    for file, name in {"../source/input.c": "CC", "../source/perturbations.c": "CXX"}.items():
        assert by_file[file].startswith(f"{commands[name]} -pipe")
        assert "-DPRE=3 -DBOTH=1 -Os" in by_file[file]
        assert ("-DCXX_ONLY=2" in by_file[file]) == (name == "CXX")


@pytest.fixture
def moved(tmp_path):
    """A function that copies the package into a folder whose path has a length, and runs code there."""
    def run(length, code):
        folder = Path(str(tmp_path) + ("/" + "d" * 99) * 10)
        folder = Path(str(folder)[:length - len("/sidr/classy")])
        shutil.copytree(Path(sidr.classy.__file__).parents[1], folder / "sidr", symlinks=True,
                        ignore=shutil.ignore_patterns("emulators", "__pycache__"))
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path,
                              env=os.environ | {"PYTHONPATH": str(folder)})
    return run


def test_tables_are_read_from_a_folder_with_a_long_path(moved):
    code = ("import sidr.classy; c = sidr.classy.Class(); c.compute(['thermodynamics']);"
            "print(len(sidr.classy.__file__), c.get_current_derived_parameters(['YHe'])['YHe'])")
    result = moved(950, code)
    assert result.returncode == 0, result.stderr
    length, Y_He = map(float, result.stdout.split())
    assert length == 950 + len("/__init__.py") and 0.24 < Y_He < 0.25


def test_folder_whose_path_is_too_long_for_class_is_named(moved):
    result = moved(1000, "from sidr.classy import Class; Class()")
    assert "CosmoSevereError" in result.stderr
    assert "has 1000 bytes" in result.stderr and "install it in another folder" in result.stderr


@pytest.mark.parametrize("inputs", [
    {"base_path": "x" * 1000}, {"sBBN file": "/x" * 200}, {"hyrec_path": "/x" * 200},
    {"f_eff_type": "from_file", "f_eff_file": "x" * 300, "DM_annihilation_efficiency": 1e-7},
    {"output": "tCl,sd", "sd_branching_approx": "exact", "sd_detector_name": "x" * 120}])
def test_text_that_is_longer_than_its_buffer_is_refused(inputs):
    cosmo = Class()
    cosmo.set(inputs)
    with pytest.raises(CosmoSevereError, match="CLASS reads less than (100|256|1000): shorten it"):
        cosmo.compute(["thermodynamics"])


def test_stock_and_ours_run_in_one_process_and_agree_without_chi(classy):
    both = [classy.Class(), Class()]
    for cosmo in both:
        cosmo.set(output="tCl", l_max_scalars=300)
    for cosmo in both:
        cosmo.compute()
    stock, ours = (cosmo.raw_cl()["tt"] for cosmo in both)
    assert stock[300] > 0
    assert np.array_equal(stock, ours)


def test_ours_needs_no_table_of_the_stock_package(classy, tmp_path):
    # A stock classy without tables shadows the real one: stock fails on it, which shows that the
    # test can fail, and ours does not notice.
    stripped = tmp_path / "classy"
    stripped.mkdir()
    for file in ("__init__.py", Path(classy._classy.__file__).name):
        shutil.copy(Path(classy.__file__).parent / file, stripped)

    def run(module):
        code = f"from {module} import Class; Class().compute(['thermodynamics'])"
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)})

    assert f"could not open fA with name {stripped}/external" in run("classy").stderr
    assert run("sidr.classy").returncode == 0


def test_public_api_of_the_stock_module_is_present(classy):
    assert set(vars(classy)) - {"classy"} <= set(dir(sidr.classy))
    assert {name for name in dir(classy.Class) if not name.startswith("__")} <= set(dir(Class))
    assert sidr.classy.__version__ == classy.__version__


@pytest.mark.parametrize("sequence", [list, tuple, np.array])
def test_sequences_are_the_text_that_class_reads(sequence):
    as_text, as_sequence = Class(), Class()
    as_text.set(N_ncdm=2, m_ncdm="0.02,0.3")
    as_sequence.set({"N_ncdm": 2, "m_ncdm": sequence([0.02, 0.3])})
    for cosmo in (as_text, as_sequence):
        cosmo.compute(["background"])
    assert as_sequence.Omega_nu == as_text.Omega_nu > 0


def test_other_values_reach_class_as_they_are():
    cosmo = Class()
    cosmo.set(h=0.7, output="tCl", input_verbose=0, flag=True)
    assert cosmo.pars == {"h": 0.7, "output": "tCl", "input_verbose": 0, "flag": True}
    assert cosmo.pars["flag"] is True


def test_default_parameters_are_those_of_stock(classy):
    assert Class(default=True).pars == classy.Class(default=True).pars


def test_value_that_would_overflow_the_buffer_of_the_parser_is_refused():
    with pytest.raises(CosmoSevereError, match="m_ncdm = .* has 1[0-9]{3} characters.*less than 1024"):
        Class().set(m_ncdm=[1 / 3] * 70)


def test_unread_parameter_raises_the_severe_error_of_our_module():
    cosmo = Class()
    cosmo.set(N_sdir=0.5)
    with pytest.raises(CosmoSevereError, match="N_sdir"):
        cosmo.compute(["background"])


def test_chi_decouples_when_its_damping_rate_equals_the_expansion_rate(cosmo):
    z = cosmo.z_dec_sidr
    assert 1e3 < z < 1e5
    # 1e-5: interpolation of the background table between its steps.
    assert_allclose(cosmo.rate_sidr(z), cosmo.Hubble(z) / (1 + z), rtol=1e-5)


def test_rate_of_an_array_has_its_shape_and_falls_as_the_fourth_power_of_a(cosmo):
    z = np.array([[0.0, 1.0], [9.0, 99.0]])
    assert isinstance(cosmo.rate_sidr(0), float)
    assert_allclose(cosmo.rate_sidr(z) / cosmo.rate_sidr(0), (1 + z) ** 4, rtol=1e-14)


def test_derived_parameters_of_ours_and_upstream_come_in_one_dictionary(cosmo):
    derived = cosmo.get_current_derived_parameters(["z_dec_sidr", "h", "N_sidr"])
    assert derived == {"z_dec_sidr": cosmo.z_dec_sidr, "h": cosmo.h, "N_sidr": 0.5}
    with pytest.raises(CosmoSevereError, match="N_sdir"):
        cosmo.get_current_derived_parameters(["N_sdir"])


def test_sources_of_chi_are_its_transfer_functions_today(cosmo):
    sources, k, tau = cosmo.get_sources()
    transfer = cosmo.get_transfer(z=0)
    assert sources["delta_sidr"].shape == sources["delta_g"].shape == (len(k), len(tau))
    assert np.array_equal(sources["delta_sidr"][:, -1], transfer["d_sidr"])
    assert np.array_equal(sources["theta_sidr"][:, -1], transfer["t_sidr"])


def test_without_chi_there_is_no_density_source_or_decoupling():
    cosmo = Class()
    cosmo.set(output="mTk,vTk", **{"P_k_max_1/Mpc": 0.1})
    assert cosmo.N_sidr == 0
    assert not any("sidr" in name for name in cosmo.get_sources()[0])
    with pytest.raises(CosmoComputationError, match="N_sidr"):
        _ = cosmo.z_dec_sidr
