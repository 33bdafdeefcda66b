"""Triangle plot and limits, on chains whose answer is known."""

import numpy as np
import pytest
from cobaya.run import run
from getdist import MCSamples
from numpy.testing import assert_allclose

from sidr import plots
from sidr.cli import main


@pytest.fixture(scope="module")
def gaussian():
    """m_nu_sum: half a normal distribution of width 0.05 above 0; log10_G_eff: normal, -1.7 +- 0.2."""
    rng = np.random.default_rng(1)
    values = np.array([np.abs(rng.normal(0, 0.05, 40000)), rng.normal(-1.7, 0.2, 40000)]).T
    return MCSamples(samples=values, names=["m_nu_sum", "log10_G_eff"], label="gaussian",
                     labels=[r"\sum m_\nu", r"\log_{10} G"], ranges={"m_nu_sum": (0, None)})


def test_limits_are_those_of_the_distribution(gaussian):
    mass, coupling = plots.limits(gaussian)
    assert (mass.name, coupling.name) == ("m_nu_sum", "log10_G_eff")
    # half-normal: 68% below 0.994 sigma, 95% below 1.960 sigma
    assert mass.one_sigma.startswith("< ") and mass.two_sigma.startswith("< ")
    assert_allclose([float(mass.one_sigma[2:]), float(mass.two_sigma[2:])],
                    [0.994 * 0.05, 1.960 * 0.05], rtol=0.03)
    assert_allclose([float(x) for x in coupling.one_sigma.split()], [-1.70, 0.20, -0.20], atol=0.015)
    assert_allclose([float(x) for x in coupling.two_sigma.split()], [-1.70, 0.39, -0.39], atol=0.02)
    assert "68%" in plots.table(gaussian) and "95%" in plots.table(gaussian)


def test_table_says_when_there_are_too_few_samples(gaussian):
    assert "NOT ENOUGH" not in plots.table(gaussian)
    few = MCSamples(samples=gaussian.samples[:50], names=["m_nu_sum", "log10_G_eff"])
    assert "NOT ENOUGH" in plots.table(few)


def test_triangle_has_a_panel_per_pair_with_the_labels_of_the_chain(gaussian):
    fig = plots.triangle([gaussian])
    assert len(fig.axes) == 3
    text = {ax.get_xlabel() for ax in fig.axes} | {ax.get_ylabel() for ax in fig.axes}
    assert any(r"\sum m_\nu" in label for label in text)


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """A short chain as cobaya writes it."""
    root = tmp_path_factory.mktemp("chains") / "short"
    run({"likelihood": {"normal": "lambda m_nu_sum: -(m_nu_sum/0.05)**2/2"},
         "params": {"m_nu_sum": {"prior": [0, 1.5], "ref": 0.02, "proposal": 0.05, "latex": r"\sum m_\nu"}},
         "sampler": {"mcmc": {"max_samples": 400, "seed": 1}}, "output": str(root)})
    return root


def test_command_draws_a_chain_of_cobaya_and_writes_its_limits(chain, tmp_path, capsys):
    picture = tmp_path / "triangle.pdf"
    assert main(["plot", str(chain), "-o", str(picture)]) == 0
    assert picture.stat().st_size > 1000
    assert "m_nu_sum" in picture.with_suffix(".limits.txt").read_text()
    assert "m_nu_sum" in capsys.readouterr().out


def test_command_works_twice_and_in_the_folder_of_the_chain(chain, monkeypatch):
    monkeypatch.chdir(chain.parent)
    assert [main(["plot", chain.name]) for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("arguments, says", [
    (["plot", "nowhere/chain"], "nowhere/chain"),
    (["spectra", "-a", "nonsense"], "nonsense"),
])
def test_command_says_what_is_wrong(arguments, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    assert says in capsys.readouterr().err


def test_command_names_the_parameters_there_are(chain, capsys):
    assert main(["plot", str(chain), "-p", "G_eff"]) == 1
    assert "m_nu_sum" in capsys.readouterr().err


def test_command_draws_spectra_against_LCDM(tmp_path, monkeypatch):
    from sidr.figures import cmb
    monkeypatch.setattr(cmb.lensed_spectra, "__defaults__", (300,))  # l_max, to be quick
    assert main(["spectra", "-g", "-2", "-o", str(tmp_path / "spectra.png")]) == 0
    assert (tmp_path / "spectra.png").stat().st_size > 10000
