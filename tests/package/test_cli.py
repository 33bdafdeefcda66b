"""Wrong arguments of each command of `sidr`: one sentence at once, which names what is wrong."""

import subprocess
import sys

import pytest
from cobaya.log import LoggedError

from sidr.classy import CosmoComputationError, CosmoSevereError
from sidr.cli import main
from sidr.commands import posteriors

#: For each command, arguments with which it begins to work
RIGHT = {"plot": ["run"], "reweight": ["run"], "report": ["run"], "spectra": [], "figures": ["fig2"],
         "train": ["lcdm", "-o", "folder"], "compress": ["x.npz", "-o", "new.npz"], "best-fits": ["run"],
         "limits": ["run", "-o", "new.yaml"], "minima": ["grid"], "covmat": ["run", "-o", "new.yaml"],
         "thin": ["run", "-o", "folder"]}

#: Arguments that are whole numbers, and their least values
WHOLE = {("reweight", "-n"): 4, ("reweight", "-j"): 1, ("reweight", "--seed"): 0, ("report", "--watch"): 1,
         ("figures", "-s"): 2, ("figures", "-j"): 1, ("train", "-n"): 2, ("train", "-a"): 0,
         ("train", "-t"): 0, ("train", "-j"): 1, ("compress", "-d"): 1, ("thin", "-n"): 1}
NUMBERS = (("spectra", "-g"), ("spectra", "-n"), ("spectra", "-m"))
BURN_IN = [(command, "--burn-in") for command in ("plot", "reweight", "report", "best-fits", "limits",
                                                  "covmat", "thin")]
NO_NUMBERS = ("nan", "inf", "-inf", "x", "", "1e999")
NO_PICTURES = ("", "folder", "picture", "picture.xyz", "no/such/picture.png", "file/picture.png",
               "a" * 300 + "/p.png")
NO_FOLDERS = ("", "file", "file/x")

WRONG = [
    *((*key, value) for key in (*WHOLE, *NUMBERS, *BURN_IN) for value in NO_NUMBERS),
    *((*key, str(least - 1)) for key, least in WHOLE.items()),
    *((*key, value) for key in WHOLE for value in ("1.5", "9" * 30, "1e5")),
    *((*key, value) for key in BURN_IN for value in ("-0.1", "1.5", "-1")),
    ("spectra", "-n", "-1"), ("spectra", "-m", "-0.1"),
    *((command, "-o", value) for command in ("plot", "spectra") for value in NO_PICTURES),
    *((command, "-o", value) for command in ("report", "figures", "train", "thin")
      for value in NO_FOLDERS),
    *((command, "-o", value) for command in ("compress", "limits", "covmat")
      for value in ("", "folder", "no/such/file.npz")),
    ("covmat", "-m", "weak"),
    *((command, option, value) for command, option in (("reweight", "-t"), ("figures", "-l"))
      for value in ("", "absent", "folder")),
    *((command, "-p", value) for command in ("reweight", "best-fits") for value in ("", "absent", "file"))]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()


def said(capsys):
    """The one line on standard error."""
    line, = capsys.readouterr().err.strip().splitlines()
    return line


@pytest.mark.parametrize("command, option, value", WRONG)
def test_wrong_value_is_named_at_once(here, capsys, command, option, value):
    with pytest.raises(SystemExit) as end:
        main([command, *RIGHT[command], f"{option}={value}" if option.startswith("--") else option + value]
             if value else [command, *RIGHT[command], option, value])
    line = said(capsys)
    assert end.value.code == 2
    assert line.startswith(f"sidr {command}: argument") and option in line and repr(value) in line


@pytest.mark.parametrize("arguments, says", [
    ([], "required: command"), (["nix"], "'nix'"), (["plot"], "required: ROOT"), (["plot", ""], "''"),
    (["plot", "run", "--nix"], "--nix"), (["reweight", "run", "run"], "unrecognized arguments: run"),
    (["train", "nchi3", "-o", "folder"], "nchi3"), (["train", "lcdm"], "required: -o"),
    (["compress", "x.npz"], "required: -o")])
def test_wrong_command_line_is_one_sentence(here, capsys, arguments, says):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert says in said(capsys)


@pytest.mark.parametrize("arguments, says", [
    (["plot", "absent"], "absent.1.txt"), (["plot", "folder"], "folder.1.txt"),
    (["report", "folder"], "folder"), (["report", "absent"], "absent.updated.yaml"),
    (["reweight", "absent"], "absent.1.txt"), (["figures", ""], "'': no such figure"),
    (["figures", "fig9"], "fig9"), (["figures", "fig1", "-l", "file"], "--limits has no effect on fig1"),
    (["figures", "vmodel", "-j", "1"], "--jobs has no effect on vmodel"),
    (["figures", "fig2", "-l", "file"], "file"),
    (["train", "lcdm", "-o", "new", "-r", "absent"], "absent.1.txt"),
    (["thin", "absent", "-o", "folder"], "absent.1.txt"), (["best-fits", "absent"], "absent.1.txt"),
    (["covmat", "absent", "-o", "new"], "absent.1.txt"),
    (["limits", "absent", "-o", "new"], "absent.1.txt"),
    (["minima", "absent"], "absent is no grid"), (["minima", "folder"], "folder is no grid"),
    (["compress", "absent.npz", "-o", "new.npz", "-p", "absent"], "absent")])
def test_what_is_not_there_is_named(here, capsys, arguments, says):
    assert main(arguments) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]     # Cobaya may have said more before
    assert line.startswith(f"sidr {arguments[0]}: ") and says in line


def test_debug_shows_where_an_error_comes_from(here):
    with pytest.raises(FileNotFoundError, match="absent.1.txt"):
        main(["plot", "absent", "--debug"])


def test_fault_of_the_program_keeps_its_traceback(here, monkeypatch):
    monkeypatch.setattr(posteriors, "run_plot", lambda args: {}["fault"])
    with pytest.raises(KeyError, match="fault"):
        main(["plot", "run"])


def test_interrupt_is_one_line(here, monkeypatch, capsys):
    def interrupted(args):
        raise KeyboardInterrupt
    monkeypatch.setattr(posteriors, "run_plot", interrupted)
    assert main(["plot", "run"]) == 130 and said(capsys) == "sidr plot: interrupted"


@pytest.mark.parametrize("name, is_fault", [("jinja2", False), ("sidr.report.page", True)])
def test_missing_package_is_named(here, monkeypatch, capsys, name, is_fault):
    def missing(args):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    monkeypatch.setattr(posteriors, "run_report", missing)
    if is_fault:
        with pytest.raises(ModuleNotFoundError):
            main(["report", "run"])
    else:
        assert main(["report", "run"]) == 1 and "the package jinja2 is missing" in said(capsys)


def test_computations_do_not_load_what_draws():
    code = ("import sys, sidr.thermal.plane, sidr.neff.table, sidr.oscillations, sidr.vmodel; "
            "print([name for name in ('matplotlib', 'getdist') if name in sys.modules])")
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("error", [
    CosmoComputationError("CLASS cannot"), CosmoSevereError("CLASS cannot"),
    LoggedError("test", "CLASS cannot"), ValueError("CLASS\ncannot"), RuntimeError("CLASS cannot"),
    MemoryError("CLASS cannot")])
def test_errors_of_class_of_cobaya_and_ours_are_one_sentence(here, monkeypatch, capsys, error):
    def failing(args):
        raise error
    monkeypatch.setattr(posteriors, "run_plot", failing)
    assert main(["plot", "run"]) == 1
    line = said(capsys)
    assert line.startswith("sidr plot: ") and line.endswith("CLASS cannot")
    with pytest.raises(type(error)):
        main(["plot", "run", "--debug"])
