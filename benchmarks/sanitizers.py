"""Run the C program with the address, leak and undefined-behaviour sanitizers on inputs with chi.

The patched tree is built with gcc's sanitizers, and computes each case with chi and, where that is
possible, without. A report is ours if it is from our files or does not come without chi; the others
are upstream's, and are listed. Wrong inputs must be refused, and their memory is not looked at: the
C program ends without freeing anything. The exit status is 1 if there is a report of ours, if a case
fails or if a wrong input does not.

    python benchmarks/sanitizers.py [--tree DIR] [--jobs 2]     # DIR keeps the build
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "class_patch"))
from prepare import prepare  # noqa: E402

FLAGS = "-O1 -fsanitize=address,undefined -fno-omit-frame-pointer"
# exitcode=0: after a report the exit status is still CLASS's own
OPTIONS = {"ASAN_OPTIONS": "detect_leaks=1:exitcode=0", "OMP_NUM_THREADS": "1"}

PLACE = r"(?:source|tools|external|include|main)/[\w/.]+:\d+"   # file of CLASS and line

CHI = {"N_sidr": 0.75, "N_ur": 2.294, "G_eff_sidr": 0.01}
MASSIVE = {"N_ur": 0, "N_ncdm": 1, "m_ncdm": 0.1, "deg_ncdm": 2.26}
SPECTRA = {"output": "tCl,pCl,lCl", "lensing": "yes", "l_max_scalars": 30, "k_step_sub": 0.3,
           "k_step_super": 0.03, "perturbations_sampling_stepsize": 0.5, "q_logstep_limber": 1.3}
MATTER = {"output": "mPk,dTk,vTk", "P_k_max_1/Mpc": 0.1, "k_per_decade_for_pk": 4, "z_pk": "0,2"}

CASES = {f"log10 G_eff = {lg}": SPECTRA | {"G_eff_sidr": 10.**lg} for lg in (-5, -3, -1, 1)} | {
    "free streaming": SPECTRA | {"G_eff_sidr": 0},
    "newtonian gauge": SPECTRA | {"gauge": "newtonian"},
    "massive neutrinos": SPECTRA | MASSIVE,
    "list of alpha": SPECTRA | {"alpha_sidr": "0.4, 0.43 ,0.46"},
    "preset of alpha": SPECTRA | {"alpha_sidr": "exact"},
    "closed": MATTER | {"Omega_k": -0.02},  # with so few wavenumbers stock CLASS has no closed C_l
    "open": SPECTRA | {"Omega_k": 0.02},
    "P(k), transfer functions": MATTER | MASSIVE,
    "transfer functions, newtonian": MATTER | {"gauge": "newtonian", "output": "mPk,dTk",
                                               "format": "camb"},
    "N-body gauge": MATTER | {"extra_metric_transfer_functions": "yes",
                              "nbody_gauge_transfer_functions": "yes"},
    "perturbations at k": SPECTRA | {"k_output_values": "0.001,0.1"},
    "theta_s and N_eff": SPECTRA | {"theta_s_100": 1.04, "Neff": 3.1, "N_ur": None},
    "tables of background": SPECTRA | {"write_background": "yes", "write_thermodynamics": "yes",
                                       "background_verbose": 3, "perturbations_verbose": 2},
}
WRONG = {
    "negative N": {"N_sidr": -1},
    "two couplings": {"log10_G_eff_sidr": -2},
    "no preset": {"alpha_sidr": "das"},
    "wrong list": {"alpha_sidr": "0.4,,0.4"},
    "long list": {"alpha_sidr": ",".join(["0.4"] * 200)},
    "long text": {"alpha_sidr": "x" * 1000},
    "long number": {"G_eff_sidr": "1" * 990},
    "huge l_max": {"l_max_sidr": 99999999999},
    "no number": {"T_sidr": "x"},
    "tensors": SPECTRA | {"modes": "s,t"},
    "isocurvature": SPECTRA | {"ic": "ad,cdi"},
    "triggers": {"sidr_rsa_trigger_rate_over_aH": 1},
    "no cosmology": {"H0": 1e-100},
    "no helium": SPECTRA | {"N_sidr": 50},
}


def build(tree, jobs):
    """Write the patched tree, unless it is there, and compile the C program `class` in it."""
    if not Path(tree, "Makefile").exists():
        prepare(tree)
    subprocess.run(["make", f"-j{jobs}", "class", f"OPTFLAG={FLAGS}"], cwd=tree, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run(tree, inputs, leaks=True):
    """Whether CLASS ended with an error, and the reports of one run; a report is (kind, place)."""
    with tempfile.TemporaryDirectory() as folder:
        ini = Path(folder, "run.ini")
        inputs = inputs | {"root": f"{folder}/", "overwrite_root": "yes"}
        ini.write_text("".join(f"{name} = {value}\n" for name, value in inputs.items()
                               if value is not None))
        options = OPTIONS if leaks else OPTIONS | {"ASAN_OPTIONS": "detect_leaks=0:exitcode=0"}
        result = subprocess.run(["./class", ini], cwd=tree, env=os.environ | options, timeout=600,
                                capture_output=True, text=True, errors="replace")
    return result.returncode != 0, reports(result.stderr)


def reports(text):
    """The set of (kind, place) in what the sanitizers print."""
    found = {(kind, place) for place, kind in re.findall(
        rf"^\S*?({PLACE}):\d+: runtime error: (.*)", text, re.MULTILINE)}
    for block in text.split("\n\n"):
        if error := re.search(r"AddressSanitizer: ([\w-]+)|((?:Direct|Indirect) leak)", block):
            frame = re.search(rf"#\d+ \S+ in .*?/({PLACE})", block)
            found.add((error[1] or error[2], frame[1] if frame else "?"))
    return {(re.sub(r"0x\w+|-?\d[\d.e+-]*", "#", kind), place) for kind, place in found}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tree", help="new folder for the build, or one of an earlier call")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()

    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        tree = args.tree or temporary
        build(tree, args.jobs)
        print(f"built in {time.perf_counter() - start:.0f} s")
        ours, upstream, wrong_end = set(), set(), []
        for name, case in tqdm(CASES.items(), unit="case"):
            failed, found = run(tree, CHI | case)
            failed_without, without = run(tree, CHI | case | {"N_sidr": 0})
            upstream |= without
            ours |= {(*report, name) for report in found - without}
            # Failures leak in every module, behind which a leak of ours would be hidden.
            wrong_end += [f"{name}: fails"] * failed + [f"{name}, without chi: fails"] * failed_without
        for name, case in tqdm(WRONG.items(), unit="wrong input"):
            failed, found = run(tree, CHI | case, leaks=False)
            ours |= {(*report, name) for report in found}
            wrong_end += [] if failed else [f"{name}: is not refused"]

    ours |= {(*report, "without chi") for report in upstream if "external/sidr" in report[1]}
    ours = {report for report in ours if report[:2] not in upstream}
    for title, lines in {"Of upstream (without chi, too)": upstream, "Of chi": ours,
                         "Wrong end": wrong_end}.items():
        print(f"\n{title}: {len(lines) or 'none'}")
        for line in sorted(lines):
            print("  " + (line if isinstance(line, str) else "  ".join(line)))
    print(f"\n{len(CASES)} cases with and without chi, {len(WRONG)} wrong inputs, "
          f"{time.perf_counter() - start:.0f} s")
    sys.exit(1 if ours or wrong_end else 0)


if __name__ == "__main__":
    main()
