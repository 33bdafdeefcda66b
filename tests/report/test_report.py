"""The report: runs of Cobaya's samplers on a posterior that is known, and what the page says of them."""

import html
import json
import os
import re
import shutil
import subprocess
from datetime import datetime, timedelta

import numpy as np
import pytest
from cobaya.input import update_info
from cobaya.run import run
from cobaya.theory import Theory
from cobaya.yaml import yaml_load_file
from conftest import CHAINS
from getdist import MCSamples
from numpy.testing import assert_allclose

from sidr import report
from sidr.cli import main
from sidr.report import effort, fits, paper
from sidr.report.entry import read_entry
from sidr.runs import scenario

#: Standard deviations and means of a posterior of two modes, each Gaussian; Sigma m_nu is half of one.
MODES = {"MI": {"weight": 0.4, "n_s": (0.967, 0.004), "log10_G_eff": (-4, 0.3), "m_nu_sum": 0.052},
         "SI": {"weight": 0.6, "n_s": (0.957, 0.005), "log10_G_eff": (-1.7, 0.25), "m_nu_sum": 0.057}}

#: ln of what Planck's and DESI's likelihoods are at their best
BEST = -500

PARAMS = {"m_nu_sum": {"prior": [0, 1.5], "ref": 0.03, "proposal": 0.04, "latex": r"\sum m_\nu"},
          "n_s": {"prior": [0.9, 1], "ref": 0.962, "proposal": 0.005, "latex": "n_s"},
          "log10_G_eff": {"prior": [-5, 0], "ref": -3, "proposal": 0.3,
                          "latex": r"\log_{10}(G_\mathrm{eff}\,\mathrm{MeV}^2)"}}

PLANCK = ("planck_2018_lowl.TT", "planck_2018_lowl.EE", "planck_2018_highl_plik.TTTEEE_lite_native",
          "planck_2018_lensing.native")


class Nothing(Theory):
    """Takes the place of sidr.theory.SIDR."""
    n_chi: float = 1

    def get_requirements(self):
        return {"n_s": None}


def log_mode(name, m_nu_sum, n_s, log10_G_eff=None):
    mode = MODES[name]
    chi2 = (m_nu_sum / mode["m_nu_sum"])**2 + ((n_s - mode["n_s"][0]) / mode["n_s"][1])**2
    norm = mode["weight"] / (mode["m_nu_sum"] * mode["n_s"][1])
    if log10_G_eff is not None:
        center, width = mode["log10_G_eff"]
        chi2 += ((log10_G_eff - center) / width)**2
        norm /= width
    return np.log(norm) - chi2 / 2 + BEST


def both(m_nu_sum, n_s, log10_G_eff):
    return np.logaddexp(*(log_mode(name, m_nu_sum, n_s, log10_G_eff) for name in MODES))


def lcdm(m_nu_sum, n_s):
    return log_mode("MI", m_nu_sum, n_s)


def negative(m_nu_sum, n_s):
    """-0.1 +- 0.06 eV."""
    return -((m_nu_sum + 0.1) / 0.06)**2 / 2 - ((n_s - 0.96) / 0.005)**2 / 2


def info(root, likelihood, sampler, n_chi=1, **ranges):
    """Input of a run in the clothes of one with Planck and DESI DR1."""
    params = {name: value | {"prior": ranges.get(name, value["prior"])} for name, value in PARAMS.items()
              if n_chi or name != "log10_G_eff"}
    if "log10_G_eff" in ranges:
        params["log10_G_eff"]["ref"] = -4 if ranges["log10_G_eff"][0] == -5 else -1.7
    nothing = dict.fromkeys([*PLANCK[1:], "sidr.likelihoods.DESI_DR1"], {"external": "lambda n_s: 0."})
    return {"theory": {"sidr.theory.SIDR": {"class": "test_report.Nothing", "n_chi": n_chi}},
            "likelihood": {PLANCK[0]: {"external": f"import_module('test_report').{likelihood}"}} | nothing,
            "params": params, "sampler": sampler, "output": str(root)}


def metropolis(seed):
    return {"mcmc": {"seed": seed, "Rminus1_stop": 0.03, "Rminus1_cl_stop": 0.3, "learn_every": "40d"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs of both modes, of each, and of LCDM; with minima of two."""
    folder = tmp_path_factory.mktemp("chains")
    make_runs(folder)
    return folder


@pytest.fixture(scope="module")
def runs(folder):
    """What is read of them, by name."""
    return {name: read_entry(folder / name) for name in ("mi", "si", "full", "lcdm")}


@pytest.fixture(scope="module")
def page(folder, tmp_path_factory):
    """The page on all of them."""
    where = tmp_path_factory.mktemp("report")
    report.write([folder], where)
    return where / report.PAGE


def make_runs(folder):
    runs = {"mi": info(folder / "mi", "both", metropolis(1), log10_G_eff=[-5, -2.5]),
            "si": info(folder / "si", "both", metropolis(2), log10_G_eff=[-2.5, 0]),
            "lcdm": info(folder / "lcdm", "lcdm", metropolis(3), n_chi=0),
            "full": info(folder / "full", "both", {"sidr.samplers.Nautilus": {
                "n_live": 300, "n_networks": 1, "n_eff": 2000, "processes": 1, "seed": 4,
                "split_at": {"log10_G_eff": -2.5}}})}
    for name, model in runs.items():
        run(model)
        if name in ("si", "lcdm"):
            run(model, minimize=True)


# What a run is

@pytest.mark.parametrize("path", sorted(CHAINS.glob("planck*.yaml")), ids=lambda path: path.stem)
def test_scenario_of_a_run_file(path):
    words = path.stem.split("_")
    mode = {"mi": "MI", "si": "SI", "full": "full"}.get(words[-1])
    n_chi = 0 if "lcdm" in words else 2 if "nchi2" in words else 1
    info = yaml_load_file(str(path))
    updated = update_info({key: info[key] for key in ("theory", "likelihood", "params")})
    assert scenario(updated) == (n_chi, mode, "Planck + DESI DR1")


def test_scenario_of_other_data_and_of_no_theory_of_ours():
    info = {"likelihood": {PLANCK[0]: None, "sidr.likelihoods.DESI_DR2": None, "my.own_data": None},
            "params": {"log10_G_eff": -4}}
    assert scenario(info) == (None, None, "lowl.TT + DESI DR2 + my.own data")


def test_steps_are_counted_behind_the_thinning():
    # six slow parameters, two, and one oversampled 16 times: a cycle of 24 proposals for 9 parameters
    assert effort.thinning([[1, list("abcdef")], [1, list("gh")], [16, ["i"]]], True) == (3, 0.25)
    assert effort.thinning([[1, list("abcdef")]], False) == (1, 1)


def test_pauses_do_not_count_as_time():
    start = datetime(2026, 1, 1)
    minutes = [0, 1, 2, 3, 600, 601, 602]
    times = [start + timedelta(minutes=m) for m in minutes]
    done = np.array([10.0, 20, 30, 40, 50, 60, 70])
    assert effort.wall_time(times, done, 70) == pytest.approx(5 / 50 * 70 * 60)


def test_time_before_the_first_line_of_progress_counts(tmp_path):
    times, done = [datetime(2026, 1, 1, 12, 30)], np.array([100.0])
    path = tmp_path / "run.input.yaml"
    path.touch()
    os.utime(path, (0, datetime(2026, 1, 1, 12).timestamp()))
    assert effort.wall_time(*effort.with_start(tmp_path / "run", times, done), 200) == 3600
    path.touch()                                                   # a copy: its time says nothing
    assert effort.wall_time(*effort.with_start(tmp_path / "run", times, done), 200) is None


# The paper

def test_paper_s_tables_agree_with_each_other():
    quotes = paper.constraints()
    assert len(quotes) == 8 and len(paper.delta_chi2()) == 8
    for (data, n_chi, mode), column in quotes.items():
        assert column["m_nu_sum", 1].center < column["m_nu_sum", 2].center
        # closure: omega_b + omega_cdm + omega_nu is Omega_m h^2, within the rounding
        omega = sum(column[name, 1].center for name in ("omega_b", "omega_cdm"))
        omega += column["m_nu_sum", 1].center / 93.1 / (1 + n_chi / 3) / 2
        h = column["H0", 1].center / 100
        assert_allclose(omega / h**2, column["Omega_m", 1].center, rtol=0.01)
        # (8): the limit is relaxed by the number of flavours
        other = quotes[data, 3 - n_chi, mode]["m_nu_sum", 2].center
        assert (column["m_nu_sum", 2].center > other) == (n_chi == 2)


def test_table_1_and_the_tables_of_the_supplement_quote_the_same_coupling():
    blocks = yaml_load_file(str(paper.FILE))
    for one, supplement in zip(blocks[:2], blocks[2:], strict=True):
        assert one["data"] == supplement["data"] and supplement["table"] in ("S3", "S4")
        for a, b in zip(*(t["rows"]["log10_G_eff"]["values"] for t in (one, supplement)), strict=True):
            a, b = ([float(x) for x in text.removeprefix("<").split()] for text in (a, b))
            assert_allclose(a, b, atol=0.06)


def test_difference_from_the_paper_is_in_its_sigma():
    rng = np.random.default_rng(0)
    n = 40000
    samples = MCSamples(samples=np.array([np.abs(rng.normal(0, 0.06, n)), rng.normal(68.9, 0.4, n)]).T,
                        names=["m_nu_sum", "H0"], ranges={"m_nu_sum": (0, None)})
    quotes = paper.constraints()["Planck + DESI DR1", 1, "MI"]     # < 0.104 at 2 sigma; 68.4 +0.5 -0.4
    mass = paper.compare(samples, n, quotes["m_nu_sum", 2], "m_nu_sum")
    assert mass.quote.source == "Table 1, 2σ" and mass.ours.startswith("< 0.11")
    assert_allclose(mass.difference, (1.96 * 0.06 - 0.104) / (0.104 / 2), atol=0.03)
    H0 = paper.compare(samples, n, quotes["H0", 1], "H0")
    assert_allclose(H0.difference, 0.5 / 0.5, atol=0.02)
    assert_allclose(H0.error, 0.05 / 0.5, rtol=0.01)               # the paper rounds to 0.1


def test_limit_of_the_paper_is_compared_with_a_limit():
    rng = np.random.default_rng(0)
    samples = MCSamples(samples=rng.normal(-4, 0.3, (40000, 1)), names=["log10_G_eff"])
    quote = paper.constraints()["Planck + DESI DR1", 1, "MI"]["log10_G_eff", 1]
    ours = paper.compare(samples, 40000, quote, "log10_G_eff")
    # 68% of a Gaussian lie below 0.468 sigma; the prior begins at -5, and the paper's limit is -3.28
    assert float(ours.ours.removeprefix("< ")) == pytest.approx(-4 + 0.468 * 0.3, abs=0.01)
    assert_allclose(ours.difference, (-3.86 + 3.28) / (-3.28 + 5), atol=0.01)


# The page

def test_runs_are_what_they_are(runs):
    assert {name: run.scenario for name, run in runs.items()} == {
        name: (0 if name == "lcdm" else 1, {"mi": "MI", "si": "SI", "full": "full"}.get(name),
               "Planck + DESI DR1") for name in ("mi", "si", "full", "lcdm")}
    assert not any(run.complaints for run in runs.values())
    assert all(run.effort.converged and run.effort.seconds > 0 for run in runs.values())
    assert [part.mode for part in runs["full"].parts] == ["MI", "SI"]


def test_modes_of_the_whole_posterior_are_those_of_the_runs_of_one(runs):
    for part in runs["full"].parts:
        alone = runs[part.mode.lower()].whole
        for name in PARAMS:
            error = alone.samples.std(name) / np.sqrt(min(part.independent, alone.independent))
            assert_allclose(part.samples.mean(name), alone.samples.mean(name), atol=5 * error)
        assert_allclose(part.samples.mean("n_s"), MODES[part.mode]["n_s"][0], atol=5e-4)


def test_delta_chi2_is_that_of_the_minima(runs):
    gain = fits.improvement(runs["si"].parts[0].fits, {"lcdm": runs["lcdm"].whole.fits})
    peak = {name: log_mode(name, 0, MODES[name]["n_s"][0], MODES[name]["log10_G_eff"][0]) for name in MODES}
    expected = -2 * (peak["SI"] - log_mode("MI", 0, MODES["MI"]["n_s"][0]))
    assert gain.fit.kind == "maximum of the posterior" and gain.baseline_name == "lcdm"
    assert_allclose(gain.delta_chi2, expected, atol=0.02)
    assert_allclose(sum(gain.parts.values()), expected, atol=0.02)
    # without a minimum of its own, the best of the samples is compared with the best of the samples
    gain = fits.improvement(runs["full"].parts[1].fits, {"lcdm": runs["lcdm"].whole.fits})
    assert gain.fit.kind == gain.baseline.kind == "best sample"
    assert fits.improvement(runs["si"].parts[0].fits, {}) is None


def test_page_and_pictures(page):
    text = page.read_text()
    pictures = {"coupling", "plane_planck_desi_dr1", "triangle_planck_desi_dr1", "convergence"}
    assert {path.stem for path in page.parent.glob("*.png")} == pictures
    assert {path.stem for path in page.parent.glob("*.pdf")} == pictures
    assert text.count("data:image/png;base64,") == len(pictures)
    assert "http-equiv=\"refresh\"" not in text and "Files that are not" not in text
    assert not re.search(r"""(src|href)=["'](?!data:)""", text) and "<script" not in text
    for words in ("As the paper’s Table 1", "Table S4, 1σ", "paper &lt; 0.104", "−1.34", "converged",
                  "0.60", "cobaya 3", "import_module(&#39;test_report&#39;).both"):
        assert words in text, words


def test_broken_files_are_named_and_the_rest_is_shown(folder, tmp_path, capsys):
    for path in folder.glob("si.*"):
        shutil.copyfile(path, tmp_path / path.name)
    samples = tmp_path / "si.1.txt"
    rows = samples.read_text().splitlines()
    middle = len(rows) // 2
    rows[middle] = rows[middle][:40] + "\x00\x00garbage\n" + rows[middle][40:]    # a line more
    samples.write_text("\n".join(rows)[:-7])
    (tmp_path / "si.checkpoint").write_text("sampler: {mcmc: [")
    (tmp_path / "si.minimum.txt").write_text("# weight chi2\n1 nonsense")
    (tmp_path / "si.progress").write_text((tmp_path / "si.progress").read_text()[:-30])
    assert main(["report", str(tmp_path / "si"), "-o", str(tmp_path / "report")]) == 0
    said = capsys.readouterr().err
    page = (tmp_path / "report" / "report.html").read_text()
    for name in ("si.1.txt", "si.checkpoint", "si.minimum.txt", "si.progress"):
        assert f"{name}" in said and f"{tmp_path / name}" in page
    assert f"3 of {len(rows)} rows" in said     # without the header, with the row that is broken in two
    assert "SI, <i>n</i><sub>χ</sub> = 1" in page and "Table S4" in page


def test_runs_with_other_parameters_and_without_samples(folder, tmp_path):
    (tmp_path / "begun.input.yaml").write_text("params: {x: [0, 1]}\nlikelihood: {one: null}\n")
    run({"likelihood": {"other": "lambda n_s, x_y_z: -((n_s - 0.96)/0.005)**2/2 - x_y_z**2/2"},
         "params": {"n_s": PARAMS["n_s"], "x_y_z": {"prior": [-5, 5], "ref": 0, "proposal": 1}},
         "sampler": {"mcmc": {"max_samples": 400, "seed": 1}}, "output": str(tmp_path / "other")})
    runs = report.write([tmp_path, folder / "lcdm"], tmp_path / "report")
    assert [run.name for run in runs] == ["begun", "other", "lcdm"]
    page = (tmp_path / "report" / "report.html").read_text()
    assert "begun.updated.yaml is missing" in page and "no posterior yet" in page
    assert "<code>x_y_z</code>" in page or "x_y_z" in page
    # n_s is drawn for each of the data sets; x_y_z only where it is
    assert {"triangle_other", "triangle_planck_desi_dr1"} <= {p.stem for p in
                                                              (tmp_path / "report").glob("*.png")}


def test_masses_below_zero_have_a_table(tmp_path, folder):
    assert "below zero" not in report_on(folder / "lcdm", tmp_path / "positive")
    run(info(tmp_path / "negative", "negative", metropolis(3), n_chi=0, m_nu_sum=[-1, 1]))
    page = report_on(tmp_path / "negative", tmp_path / "report")
    assert "Effective neutrino masses below zero" in page
    row = re.search(r"data-label=\"mean\"><div>([−0-9.]+) ± ([0-9.]+)", page)
    mean, sigma = (float(x.replace("−", "-")) for x in row.groups())
    assert_allclose([mean, sigma], [-0.1, 0.06], atol=0.02)
    n_sigma = float(re.search(r"data-label=\"normal\".*?([0-9.]+) ± [0-9.]+ σ", page).group(1))
    assert_allclose(n_sigma, (0.0588 + 0.1) / 0.06, atol=0.5)


def report_on(root, where):
    """The page on one run."""
    report.write([root], where)
    return (where / report.PAGE).read_text()


def test_no_run_is_an_error(tmp_path, capsys):
    assert main(["report", str(tmp_path / "nothing"), "-o", str(tmp_path / "report")]) == 1
    assert "nothing.updated.yaml" in capsys.readouterr().err
    assert main(["report", str(tmp_path)]) == 1
    assert "holds no run" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["report", str(tmp_path), "--watch", "0"])
    assert "--watch: '0' is not" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


def test_watching_ends_when_all_have_converged(folder, tmp_path, monkeypatch):
    for path in folder.glob("lcdm.*"):
        shutil.copyfile(path, tmp_path / path.name)
    lines = (tmp_path / "lcdm.1.txt").read_text().splitlines(keepends=True)
    (tmp_path / "lcdm.1.txt").write_text("".join(lines[:200]))
    state = (tmp_path / "lcdm.checkpoint").read_text()
    (tmp_path / "lcdm.checkpoint").write_text(state.replace("true", "false"))
    pages, said, naps = [], [], []

    def sleep(seconds):
        """What happens between two looks: nothing, then the end of the run."""
        naps.append(seconds)
        pages.append((tmp_path / "report" / "report.html").read_text())
        if len(naps) == 2:
            (tmp_path / "lcdm.1.txt").write_text("".join(lines))
            (tmp_path / "lcdm.checkpoint").write_text(state)

    monkeypatch.setattr(report.time, "sleep", sleep)
    report.watch([tmp_path / "lcdm"], tmp_path / "report", every=7, say=said.append)
    assert naps == [7, 7] and len(said) == 2 and said[-1].endswith("1 of 1 converged")
    assert pages[0] == pages[1] and '<meta http-equiv="refresh" content="7">' in pages[0]
    assert "refresh" not in (tmp_path / "report" / "report.html").read_text()


# In a browser

#: Runs in a page that shows the report in a frame, and looks for what a reader would miss.
LOOK = """
<body style="margin: 0"><iframe id="frame" style="border: 0; width: %dpx; height: 4000px" src="%s"></iframe>
<script>
addEventListener("load", () => {
  const frame = document.getElementById("frame"), page = frame.contentDocument, view = frame.contentWindow;
  const name = e => e.tagName + " " + (e.textContent || e.alt || "").trim().slice(0, 40);
  const shown = [...page.body.querySelectorAll("*")].filter(e => e.getClientRects().length
    && !e.closest("thead, math"));
  const cut = e => e.clientWidth && e.scrollWidth > e.clientWidth + 1
    && view.getComputedStyle(e).overflowX != "visible";
  const box = e => e.getBoundingClientRect();
  document.body.textContent = JSON.stringify({
    pictures: page.images.length,
    not_shown: [...page.images].filter(i => !(i.complete && i.naturalWidth)).map(name),
    too_wide: page.documentElement.scrollWidth > view.innerWidth,
    cut: shown.filter(cut).map(name),
    outside: shown.filter(e => box(e).right > view.innerWidth + 1 || box(e).left < -1).map(name)});
});
</script>
"""


def look(page, width, folder):
    """What a browser finds wrong with a page: a dictionary, with the lines of its console."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium: the report is not looked at in a browser (apt-get install chromium)")
    frame = folder / "frame.html"
    frame.write_text(LOOK % (width, page.resolve().as_uri()))
    # a window is not narrower than 500 pixels, a frame can be
    result = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
         "--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}", "--window-size=1600,1000",
         "--dump-dom", frame.as_uri()], capture_output=True, text=True, timeout=120)
    found = json.loads(html.unescape(re.search(r"<body[^>]*>(.*)</body>", result.stdout, re.DOTALL)[1]))
    return found | {"console": [line for line in result.stderr.splitlines() if "CONSOLE" in line]}


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_browser_shows_all_of_it(page, width, tmp_path):
    assert look(page, width, tmp_path) == {"pictures": 4, "not_shown": [], "too_wide": False, "cut": [],
                                           "outside": [], "console": []}


def test_browser_would_find_what_is_wrong(tmp_path):
    page = tmp_path / "wrong.html"
    page.write_text('<p style="overflow: hidden; width: 50px; white-space: nowrap">cut cut cut cut cut</p>'
                    '<img src="data:image/png;base64,AAAA" alt="none"><div style="width: 900px">wide</div>'
                    '<script>console.error("no")</script>')
    found = look(page, 390, tmp_path)
    assert found["too_wide"] and found["not_shown"] == ["IMG none"] and len(found["console"]) == 1
    assert found["cut"] == ["P cut cut cut cut cut"] and found["outside"] == ["DIV wide"]
