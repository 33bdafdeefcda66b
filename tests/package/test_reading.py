"""Files that somebody else has made: nothing in them is executed, and what is damaged is named."""

import json
from pathlib import Path

import numpy as np
import pytest
from cobaya.yaml import yaml_dump, yaml_load
from conftest import CHAINS
from sidr.likelihoods import compress, compression

from sidr import report, runs, yaml
from sidr.cli import main
from sidr.emulator import design
from sidr.emulator.emulator import FOLDER, Emulator
from sidr.emulator.training import TrainingSet
from sidr.report.entry import read_entry
from sidr.reweight import reweight
from sidr.reweight.trust import code, is_arithmetic

INFO = """
theory:
likelihood:
  mine: {external: 'lambda m_nu_sum, log10_G_eff: -(m_nu_sum/0.1)**2/2 - (log10_G_eff + 4)**2/2'}
params:
  m_nu_sum: {prior: [0, 1.5], latex: 'sum m_nu'}
  log10_G_eff: {prior: [-5, 1]}
  half: {derived: 'lambda m_nu_sum: m_nu_sum/2'}
sampler: {sidr.samplers.Nautilus: {sampler_type: nested, n_eff: 2000}}
"""


def evil(folder, tag="os.system"):
    """A value that creates a file when YAML is executed."""
    return f'!!python/object/apply:{tag} ["touch {folder}/executed"]'


def ran(folder):
    return (folder / "executed").exists()


@pytest.fixture
def run(tmp_path):
    """Root of a small run."""
    rng = np.random.default_rng(1)
    m, g = np.abs(rng.normal(0, 0.1, 400)), np.clip(rng.normal(-4, 1, 400), -5, 1)
    prior = np.full(400, np.log(1.5 * 6))
    chi2 = (m / 0.1)**2 + (g + 4)**2
    root = tmp_path / "run"
    np.savetxt(f"{root}.1.txt", np.array([np.ones(400), prior + chi2 / 2, m, g, m / 2, prior, prior, chi2,
                                          chi2]).T, fmt="%.8g",
               header="weight minuslogpost m_nu_sum log10_G_eff half minuslogprior minuslogprior__0 chi2 "
               "chi2__mine")
    for name in ("input", "updated"):
        Path(f"{root}.{name}.yaml").write_text(INFO)
    return root


def test_plain_values_are_those_of_cobaya():
    text = "a: 1e-5\nb: [.5e-3, -1E6, .inf, 0x10, 1_0]\nc: {d: yes, e: null, f: 'x', 1: 2}\ng: 2026-01-01\n"
    assert yaml.load(text) == yaml_load(text)
    assert yaml.load(yaml.dump(yaml.load(text))) == yaml_load(text)
    info = {"t": (1, 2), "n": np.float64(1e-5), "external": len, "f": lambda x: x}
    assert yaml.load(yaml_dump(info)) == {"t": [1, 2], "n": 1e-5, "external": "!!python/name:builtins.len",
                                          "f": True}


@pytest.mark.parametrize("tag", ["os.system", "subprocess.getoutput", "builtins.exec", "os.mkdir"])
def test_no_tag_is_executed(tmp_path, tag):
    value = yaml.load(f"a: 1\nb: {evil(tmp_path, tag)}")["b"]
    assert value == f"!!python/object/apply:{tag}" and isinstance(value, yaml.Opaque)
    (tmp_path / "input.yaml").write_text(f"theory: {evil(tmp_path, tag)}")
    with pytest.raises(ValueError, match=f"input.yaml cannot be read: line 1.*{tag}"):
        yaml.load_input(tmp_path / "input.yaml")
    assert not ran(tmp_path)
    yaml_load(f"a: {evil(tmp_path)}")      # Cobaya's own loader executes it
    assert ran(tmp_path)


@pytest.mark.parametrize("text", [
    "a: [", "a: 1\na: 2", "&a [*a]", "a: 2026-13-45", "[" * 5000 + "]" * 5000, "\0", "a: \x07",
    "? [1]\n: 2", "a: !!int x", "a: !!binary 'x'", "%x"])
def test_what_is_no_yaml_is_one_error(text):
    with pytest.raises(ValueError, match="^FILE cannot be read: [^\n]*$"):
        yaml.load(text, "FILE")


def test_defaults_of_input_files(tmp_path):
    (tmp_path / "a.yaml").write_text("theory: !defaults [b, sub/c.yaml]\nparams: {x: 1}\n")
    (tmp_path / "b.yaml").write_text("one: {p: 1, q: 1}\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.yaml").write_text("one: {q: 2}\n")
    assert yaml.load_input(tmp_path / "a.yaml") == {"theory": {"one": {"p": 1, "q": 2}}, "params": {"x": 1}}
    (tmp_path / "b.yaml").write_text("one: !defaults a\n")
    with pytest.raises(ValueError, match="a.yaml has itself among its defaults"):
        yaml.load_input(tmp_path / "a.yaml")


# Each reader, with files that would execute

def test_plot_and_report_execute_nothing(run, tmp_path):
    for extension in (".input.yaml", ".updated.yaml"):
        Path(f"{run}{extension}").write_text(f"{INFO}label: {evil(tmp_path)}\n")
    Path(f"{run}.logZ").write_text(f"logZ: -1.0\nlogZstd: 0.1\nother: {evil(tmp_path)}\n")
    Path(f"{run}.checkpoint").write_text(
        f"sampler: {{sidr.samplers.Nautilus: {{converged: true, calls: 9, x: {evil(tmp_path)}}}}}\n")
    assert main(["plot", str(run), "-p", "m_nu_sum"]) == 0
    read, = report.write([run], tmp_path / "report")
    assert not ran(tmp_path)
    assert not read.complaints                      # the harmless rest of the files is used
    assert read.effort.converged and read.evidence["logZ"] == -1 and read.scenario.mode == "full"
    assert read.whole.samples.ranges.getUpper("m_nu_sum") == 1.5


def test_reweight_executes_nothing_that_it_does_not_compute(run, tmp_path):
    Path(f"{run}.updated.yaml").write_text(f"{INFO}label: {evil(tmp_path)}\n")
    Path(f"{run}.logZ").write_text(f"logZ: -1.0\nlogZstd: 0.1\nother: {evil(tmp_path)}\n")
    np.savez(f"{run}.post.exact.npz", description=f"params: {evil(tmp_path)}", points=[], rows=[])
    assert main(["reweight", str(run), "-n", "20", "-j", "1"]) == 1        # a file of another model
    Path(f"{run}.post.exact.npz").unlink()
    assert main(["reweight", str(run), "-n", "20", "-j", "1"]) == 0        # arithmetic is computed
    theory = tmp_path / "exact.yaml"
    theory.write_text(f"likelihood: {evil(tmp_path)}\n")
    assert main(["reweight", str(run), "-n", "20", "-j", "1", "-t", str(theory)]) == 1
    assert not ran(tmp_path)


def test_training_folders_and_spectra_execute_nothing(tmp_path):
    (tmp_path / "about.yaml").write_text(f"model: {evil(tmp_path)}\n")
    with pytest.raises(ValueError, match="spectra of model = !!python"):
        TrainingSet(tmp_path, "lcdm", design.load("lcdm").names)
    assert compress.about(tmp_path)["model"].startswith("!!python")
    for text in ("", "- 1", "a: ["):
        (tmp_path / "about.yaml").write_text(text)
        with pytest.raises(ValueError, match="about.yaml"):
            TrainingSet(tmp_path, "lcdm", design.load("lcdm").names)
    assert not ran(tmp_path)


def test_pickles_in_npz_files_are_not_loaded(tmp_path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "executed",)

    np.savez(tmp_path / "evil.npz", cl=np.array([Evil()]), about=np.array([Evil()]), allow_pickle=True)
    for read in (Emulator.load, compression.load, compress.read_spectra):
        with pytest.raises(ValueError, match="evil.npz"):
            read(tmp_path / "evil.npz")
    assert not ran(tmp_path)


# Code that a run would execute where it is computed again

@pytest.mark.parametrize("text", [
    "lambda logA: 1e-10*np.exp(logA)", "lambda x, y=2: np.where(x > 0, x**y, np.pi)", "lambda a: max(a, 0)",
    "lambda x: stats.norm.logpdf(x, loc=1, scale=0.1)", "lambda x: -x if x < 0 and not x > 3 else abs(x)"])
def test_arithmetic_is_no_code(text):
    assert is_arithmetic(text)


@pytest.mark.parametrize("text", [
    "import_module('os').system('x')", "lambda x: __import__('os').system('x')", "lambda x: np.load('f')",
    "lambda x: np.exp.__class__", "lambda x: np.f2py", "lambda x: x.__class__", "lambda x: np.exp",
    "lambda x: open('f')", "lambda np: np.exp(1)", "lambda x: getattr(x, 'y')", "lambda x: [x for x in x]",
    "lambda x: f'{x}'", "lambda x: stats.norm.logpdf.__globals__", "lambda x: stats.norm.fit(x)", "1 + 1",
    "lambda x: x(1)", "lambda x=open('f'): x", "lambda x: np.testing.assert_equal(1, 1)", "lambda x: x[0]",
    "lambda x: np.e.real", "lambda x: (lambda: x)()()", "lambda x: (y := x)", "not python",
    "lambda x: import_module('os').getpid()", "lambda x: import_module('sidr.cli').os.getpid()",
    "lambda x: import_module('sidr.cli', 'os').main(1)", "lambda x: import_module('sidr.cli')"])
def test_other_functions_are_code(text):
    assert not is_arithmetic(text)


@pytest.mark.parametrize("blocks, says", [
    ({"likelihood": {"a": {"external": "import_module('a').f"}}}, "likelihood: a: external: import_module"),
    ({"likelihood": {"a.B": None}}, "likelihood: a.B .a class that is neither"),
    ({"likelihood": {"one": {"class": "a.B"}}}, "likelihood: one .a class"),
    ({"likelihood": {"one": {"python_path": "."}}}, "one: python_path: ."),
    ({"theory": {"camb": {"path": "here"}}}, "camb: path: here"),
    ({"theory": {"sidr.theory.SIDR": {"extra_args": {"command": "ls"}}}}, "extra_args: command: ls"),
    ({"params": {"x": "lambda y: exec(y)"}}, "params: x: lambda"),
    ({"params": {"x": {"derived": "exit()"}}}, "params: x: derived: exit"),
    ({"params": {"auto_params": {"x%s": {"auto_range": "exit()"}}}}, "auto_range: exit"),
    ({"prior": {"x": "exit()"}}, "prior: x: exit"),
    ({"theory": {"classy": None}, "packages_path": "theirs"}, "packages_path: theirs")])
def test_each_kind_of_code_is_named(blocks, says):
    found, = code({"likelihood": {"one": None}} | blocks)
    assert says.replace(".a class", "(a class") in found


def test_nothing_of_our_run_files_is_code():
    folder = CHAINS
    for path in folder.glob("*.yaml"):
        info = yaml.load_input(path)
        assert code({key: info.get(key) for key in ("theory", "likelihood", "params", "prior")}) == []


def test_run_with_code_is_refused_and_executed_if_trusted(run, tmp_path, monkeypatch, capsys):
    (tmp_path / "theirs.py").write_text(f"""
from pathlib import Path
Path({str(tmp_path / "executed")!r}).touch()

def loglike(m_nu_sum, log10_G_eff):
    return -(m_nu_sum/0.1)**2/2 - (log10_G_eff + 4)**2/2
""")
    monkeypatch.chdir(tmp_path)
    info = yaml.load(INFO)
    info["likelihood"]["mine"]["external"] = "import_module('theirs').loglike"
    Path(f"{run}.updated.yaml").write_text(yaml.dump(info))
    arguments = ["reweight", str(run), "-n", "20", "-j", "1"]
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert "likelihood: mine: external: import_module('theirs').loglike" in said and "--trust" in said
    assert not ran(tmp_path)
    assert main([*arguments, "--trust"]) == 0 and ran(tmp_path)
    own = {"likelihood": {"mine": yaml.load(INFO)["likelihood"]["mine"]["external"]}}
    Path(f"{run}.post.exact.npz").unlink()
    assert reweight(str(run), 20, own, jobs=1)["points"] == 20     # what is replaced is not executed


# Damaged files

@pytest.mark.parametrize("load, path", [(Emulator.load, FOLDER / "lcdm.npz"),
                                        (compression.load.__wrapped__, compression.PACKAGED)])
def test_damaged_npz_is_named_or_harmless(tmp_path, load, path):
    def content(loaded):
        parts = loaded.arrays.values() if isinstance(loaded, Emulator) else [
            array for part in loaded.parts.values() for array in part]
        about = loaded.about if isinstance(loaded, Emulator) else loaded.metadata
        return json.dumps(about), [np.asarray(part).tobytes() for part in parts]

    good, whole = path.read_bytes(), content(load(path))
    rng, damaged, named = np.random.default_rng(0), tmp_path / "copy.npz", 0
    for i in range(40):
        wrong = bytearray(good)
        if i % 4:
            where = rng.integers(len(good)) if i % 2 else len(good) - 1 - rng.integers(1000)
            wrong[where] ^= 1 << rng.integers(8)
        else:
            del wrong[rng.integers(len(good)):]
        damaged.write_bytes(wrong)
        try:
            assert content(load(damaged)) == whole
        except ValueError as error:
            assert str(error).startswith(f"{damaged} is damaged"), error
            named += 1
    assert named > 20


def test_emulator_of_other_arrays_is_named(tmp_path):
    arrays = dict(np.load(FOLDER / "lcdm.npz"))
    for name, array in (("mean", arrays["mean"][1:]), ("nodes", np.full_like(arrays["nodes"], np.nan)),
                        ("about", np.array("no JSON")), ("design_N_chi", np.array(["a", "b"]))):
        np.savez(tmp_path / "other.npz", **arrays | {name: array})
        with pytest.raises(ValueError, match="other.npz is damaged"):
            Emulator.load(tmp_path / "other.npz")


@pytest.mark.parametrize("damage", ["folder", "bytes", "empty"])
@pytest.mark.parametrize("extension", [
    ".1.txt", ".2.txt", ".input.yaml", ".updated.yaml", ".logZ", ".checkpoint", ".progress", ".failed",
    ".minimum.txt", ".bestfit.txt", ".paramnames", ".ranges"])
def test_one_broken_file_leaves_the_rest_of_its_run(run, extension, damage):
    path = Path(f"{run}{extension}")
    path.unlink(missing_ok=True)
    if damage == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"\xff\xfe\x00 : [x\n" if damage == "bytes" else b"")
    read = read_entry(run)
    about = [complaint for complaint in read.complaints if str(path) in complaint]
    # what is empty has just begun; any bytes are a list of failed points, and comments among the ranges
    assert about or damage == "empty" or extension in (".failed", ".ranges") and damage == "bytes"
    assert extension == ".1.txt" or read.whole is not None


def test_report_is_made_with_broken_runs_in_it(run, tmp_path, capsys):
    for name, extension in (("a", ".failed"), ("b", ".1.txt"), ("c", ".updated.yaml")):
        for path in (".1.txt", ".input.yaml", ".updated.yaml"):
            Path(f"{tmp_path / name}{path}").write_bytes(Path(f"{run}{path}").read_bytes())
        Path(f"{tmp_path / name}{extension}").unlink(missing_ok=True)
        Path(f"{tmp_path / name}{extension}").mkdir()
    assert main(["report", str(tmp_path), "-o", str(tmp_path / "report")]) == 0
    said, page = capsys.readouterr().err, (tmp_path / "report" / "report.html").read_text()
    for name in ("a.failed", "b.1.txt", "c.updated.yaml"):
        assert f"{name} cannot be read" in said and f"{name} cannot be read" in page


@pytest.mark.parametrize("text, says", [
    ("logZ: .nan\nlogZstd: 0.1", "log Z = nan"), ("logZ: -.inf\nlogZstd: 0.1", "log Z = -inf"),
    ("logZ: x\nlogZstd: 0.1", "run.logZ cannot be read"), ("logZstd: 0.1", "it has no 'logZ'"),
    ("- 1", "run.logZ cannot be read")])
def test_log_Z_that_is_no_number_is_said(run, text, says, caplog):
    Path(f"{run}.logZ").write_text(text)
    evidence, (complaint,) = runs.read_evidence(run)
    assert evidence == {} and says in complaint
    assert says in " ".join(read_entry(run).complaints)
    result = reweight(str(run), 20, jobs=1)
    assert "exact" not in result["logZ"] and says in caplog.text


@pytest.mark.parametrize("derived, says", [
    (None, "H0: not computed by the exact model"),
    ("lambda m_nu_sum: np.log(m_nu_sum - 0.05)", "H0: not finite at ")])
def test_what_the_exact_model_does_not_compute_is_said(run, derived, says):
    samples = Path(f"{run}.1.txt")
    samples.write_text(samples.read_text().replace("half", "H0"))   # it is shown without being asked for
    info = yaml.load(INFO)
    del info["params"]["half"]
    if derived:
        info["params"]["H0"] = {"derived": derived}
    Path(f"{run}.updated.yaml").write_text(yaml.dump(info))
    with np.errstate(invalid="ignore"):
        result = reweight(str(run), 40, jobs=1)
    assert says in Path(f"{run}.post.exact.summary.txt").read_text()
    assert ("H0" in result["params"]) == (derived is None)
    if derived:
        assert 0 < result["undefined"]["H0"] < result["points"]
