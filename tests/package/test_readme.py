"""What the README shows, works."""

import re

import numpy as np
import pytest
from cobaya.model import get_model
from cobaya.yaml import yaml_load
from conftest import ROOT

README = (ROOT / "README.md").read_text()


def block(language):
    """The first code block of a language."""
    return re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)[1]


def test_commands_of_the_gate_build_the_package_once():
    blocks = re.findall(r"<!-- ci: \w+ -->\n```bash\n(.*?)\n```", README, re.DOTALL)
    commands = [command for block in blocks for command in block.split(" && ")]
    builds = [command for command in commands if re.search(r"install.* \"?\.(\[|$)", command)]
    assert builds == ["pip install ."]
    assert {"cobaya-run chains/quickstart.yaml", "pytest"} < set(commands)


def test_python_example_runs(capsys):
    exec(block("python"), {})
    N_eff, z_dec, _ = map(float, capsys.readouterr().out.split())
    assert N_eff == pytest.approx(3.044, abs=1e-4) and 6000 < z_dec < 7000


def test_yaml_example_is_a_model():
    info = yaml_load(block("yaml"))
    model = get_model({key: info[key] for key in ("theory", "likelihood", "params")})
    point = {"m_nu_sum": 0.05, "omega_b": 0.0223, "omega_cdm": 0.118, "H0": 68}
    assert model.parameterization.sampled_params().keys() == point.keys()
    perturbations = {"n_s": 0.966, "A_s": 2.1e-9, "tau_reio": 0.055}     # which the emulator asks for
    emulated = get_model({"theory": {"sidr.theory.SIDREmulator": info["theory"]["sidr.theory.SIDR"]},
                          "likelihood": info["likelihood"], "params": info["params"] | perturbations})
    chi2, other = (-2 * np.sum(m.loglikes(point, return_derived=False)) for m in (model, emulated))
    # CLASS and the emulator's background: 0.02 standard deviations of theta*, which is 5 off here
    assert chi2 == pytest.approx(other, abs=0.25)
