"""Time of one Planck-type evaluation, ours against other codes, per coupling.

Lensed TT, TE, EE and phi phi to l = 2508 with one degenerate massive species (0.06 eV), the same
cosmology and Y_He everywhere. classy-community installs a module `classy` and so cannot share an
environment with stock classy; give it one of its own, where CAMB may live too:

    python -m venv peers && peers/bin/pip install classy-community camb
    python benchmarks/peers.py --peer-python peers/bin/python [--rounds 3] [--limit 120]

The interpreter that runs the script has sidr and stock classy. Every evaluation is its own process
with a limit of CPU time, in turn with the others; the table has medians over the rounds. What
exceeds the limit or fails is not tried again.

Equal physics. classy-community (`species/ultra_relativistic.cpp` of 26.0.0) lets all of N_ur interact:
the conformal rate is a G_eff^2 T^5, T = (4/11)^(1/3) T_gamma, G_eff in MeV^-2, and l = 2, 3, ... are
damped by alpha_l = 0.40, 0.43, 0.46, 0.47, 0.48, 0.48, ... times that. This is our `alpha_sidr=rta`,
which we take here, with N_sidr = N_ur: the same G_eff in both, no conversion. A G_eff for
`das_ghosh` (0.424) is sqrt(0.40 / 0.424) of it, log10 G_eff smaller by 0.013. Otherwise it differs:
its rate is capped at 1e9 aH; its initial conditions and streaming approximations take an interacting
N_ur for a free-streaming one. Left to itself it integrates N_ur explicitly (rkdp45);
`evolver_perturbations=1` is the implicit ndf15. Its default precision is lower than CLASS 3.4's
(DEFAULTS): two families have those settings exchanged.
CAMB, without interactions, has the same linear lensing, and Recfast where CLASS has HyRec.

The last columns are the largest differences of TT and EE, 30 <= l <= 2500: without interactions from
stock CLASS at high precision; with them C_l(G_eff) / C_l(0) of the peer from the same ratio of ours.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys

from tqdm import tqdm

from evaluation import COSMOLOGY, NEUTRINOS

COUPLINGS = (-5, -4, -3, -2.5, -2, -1.5, -1)
L_MIN, L_MAX = 30, 2500
HIGH_PRECISION = {"tol_perturbations_integration": 1e-6, "hyper_sampling_flat": 14, "l_linstep": 20,
                  "l_logstep": 1.06, "k_step_sub": 0.03, "perturbations_sampling_stepsize": 0.05,
                  "l_max_g": 25, "l_max_pol_g": 25, "l_max_ur": 30, "l_max_ncdm": 25,
                  "tol_ncdm_synchronous": 1e-4, "ur_fluid_trigger_tau_over_tau_k": 60,
                  "ncdm_fluid_trigger_tau_over_tau_k": 61,
                  "radiation_streaming_trigger_tau_over_tau_k": 120}

# What the defaults of classy-community 26.0.0 and of CLASS 3.4.1 choose differently, as CLASS names it
DEFAULTS = {
    "tol_perturbations_integration": (1e-4, 1e-5), "tol_ncdm_synchronous": (0.03, 1e-3),
    "l_max_ncdm": (10, 17), "k_step_sub": (0.08, 0.05), "k_step_transition": (0.4, 0.2),
    "start_small_k_at_tau_c_over_tau_h": (0.006, 0.0015),
    "tight_coupling_trigger_tau_c_over_tau_k": (0.04, 0.01),
    "ur_fluid_trigger_tau_over_tau_k": (20, 30), "ncdm_fluid_trigger_tau_over_tau_k": (15, 31),
    "radiation_streaming_trigger_tau_over_tau_k": (26, 45), "transfer_neglect_delta_k_S_e": (1, 0.11),
    "neglect_CMB_sources_below_visibility": (0.008, 0.001), "q_logstep_spline": (400, 170),
}
COMMUNITY_PRECISION, CLASS_PRECISION = ({key: x[i] for key, x in DEFAULTS.items()} for i in (0, 1))

# In the child: code, inputs of CLASS, name of a set of precision settings or null, CPU limit [s]
ONE = """
import importlib, importlib.metadata, json, resource, sys, time
package, inputs, precision, limit = json.loads(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 10))
if package == "camb":
    import camb
    p = camb.CAMBparams()
    p.set_cosmology(H0=inputs["H0"], ombh2=inputs["omega_b"], omch2=inputs["omega_cdm"], nnu=3.044,
                    num_massive_neutrinos=3, mnu=3 * inputs["m_ncdm"], YHe=inputs["YHe"],
                    tau=inputs["tau_reio"])
    p.InitPower.set_params(As=inputs["A_s"], ns=inputs["n_s"])
    p.set_for_lmax(inputs["l_max_scalars"], lens_potential_accuracy=1, nonlinear=False)
else:
    cosmo = importlib.import_module("sidr.classy" if package == "sidr" else "classy").Class()
    if precision:
        inputs = getattr(importlib.import_module("sidr.precision"), precision) | inputs
    cosmo.set(inputs)
cpu, wall = time.process_time(), time.perf_counter()
if package == "camb":
    results = camb.get_results(p)
    cl = results.get_lensed_scalar_cls(2508, raw_cl=True)
    results.get_lens_potential_cls(2508)
    tt, ee = cl[:, 0], cl[:, 1]
else:
    cosmo.compute()
    cl = cosmo.lensed_cl(2508)
    tt, ee = cl["tt"], cl["ee"]
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print(json.dumps({"cpu": cpu, "wall": wall, "tt": list(tt), "ee": list(ee),
                  "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                  "version": importlib.metadata.version(package)}))
"""


def configurations(couplings, precision):
    """Name -> (package, inputs of CLASS, precision, coupling, row it is compared with)."""
    neutrinos = COSMOLOGY | NEUTRINOS | {"YHe": 0.2454, "deg_ncdm": 3}
    split = neutrinos | {"deg_ncdm": 2.2608}
    ur = split | {"N_ur": 0.75}
    chi = split | {"N_sidr": 0.75}
    rows = {
        "high precision, neutrinos": ("classy", neutrinos | HIGH_PRECISION, None, None, None),
        "high precision, free": ("classy", ur | HIGH_PRECISION, None, None, None),
        "CAMB, neutrinos": ("camb", neutrinos, None, None, "high precision, neutrinos"),
    }
    families = {"stock": ("classy", "ur", {}, None),
                "community": ("classy-community", "ur", {}, None),
                "community, ndf15": ("classy-community", "ur", {"evolver_perturbations": 1}, None),
                "community, ndf15, precision of CLASS": (
                    "classy-community", "ur",
                    {"evolver_perturbations": 1} | {
                        key.replace("perturbations_i", "perturb_i"): value
                        for key, value in CLASS_PRECISION.items()}, None),
                "ours": ("sidr", "sidr", {}, None),
                "ours, precision of community": ("sidr", "sidr", COMMUNITY_PRECISION, None)}
    families |= {f"ours, {name}": ("sidr", "sidr", {}, name) for name in precision}
    for family, (package, species, settings, name) in families.items():
        radiation = (chi if species == "sidr" else ur) | settings
        if species == "ur":
            rows[f"{family}, neutrinos"] = (package, neutrinos | settings, name, None,
                                            "high precision, neutrinos")
        rows[f"{family}, free"] = (package, radiation, name, None, "high precision, free")
        if family == "stock":
            continue
        for lg in couplings:
            coupling = {f"log10_G_eff_{species}": lg} | ({"alpha_sidr": "rta"} if species == "sidr" else {})
            rows[f"{family}, {lg:g}"] = (package, radiation | coupling, name, lg,
                                         None if family == "ours" else f"ours, {lg:g}")
    return rows


def measure(python, package, inputs, precision, limit, threads):
    """Result of one evaluation in a process of its own, or why there is none."""
    argument = json.dumps([package, inputs, precision, limit])
    result = subprocess.run([python, "-c", ONE, argument], text=True, capture_output=True,
                            env=os.environ | {"OMP_NUM_THREADS": str(threads)})
    if result.returncode == -signal.SIGXCPU:
        return f"> {limit} s"
    if result.returncode:
        return (result.stderr.strip().splitlines() or [f"exit {result.returncode}"])[-1][-60:]
    return json.loads(result.stdout.splitlines()[-1])


def spectrum(results, name, coupling, field):
    """C_l over the range compared; with a coupling, its ratio to the one of the same code without."""
    values = results[name][field][L_MIN:L_MAX + 1]
    if coupling is None:
        return values
    free = results[f"{name.rsplit(', ', 1)[0]}, free"][field][L_MIN:L_MAX + 1]
    return [x / y for x, y in zip(values, free, strict=True)]


def difference(rows, results, name, field):
    """Largest relative difference of C_l, or of its response, from the row it is compared with."""
    *_, coupling, other = rows[name]
    if other is None:
        return ""
    try:
        values, expected = (spectrum(results, row, coupling, field) for row in (name, other))
    except KeyError:                # one of the evaluations failed
        return ""
    return f"{max(abs(x / y - 1) for x, y in zip(values, expected, strict=True)):.1e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peer-python", required=True, help="interpreter with classy-community and CAMB")
    parser.add_argument("--couplings", nargs="*", type=float, default=COUPLINGS, help="log10 G_eff")
    parser.add_argument("--precision", nargs="*", default=["planck"], help="names in sidr.precision")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=120, help="CPU time of one evaluation [s]")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    rows = configurations(args.couplings, args.precision)
    samples, failed, versions = {name: [] for name in rows}, {}, {}
    with tqdm(total=args.rounds * len(rows), unit="evaluation") as progress:
        for turn in range(args.rounds):
            for name, (package, inputs, precision, *_) in rows.items():
                progress.set_postfix_str(name)
                progress.update()
                high = name.startswith("high precision")
                if name in failed or (high and turn > 0):
                    continue
                python = args.peer_python if package in ("camb", "classy-community") else sys.executable
                limit = 10 * args.limit if high else args.limit
                result = measure(python, package, inputs, precision, limit, args.threads)
                if isinstance(result, str):
                    failed[name] = result
                else:
                    samples[name].append(result)
                    versions[package] = result["version"]

    results = {name: runs[-1] for name, runs in samples.items() if runs}
    print(f"\nmedians of {args.rounds} rounds, {args.threads} thread(s);",
          ", ".join(f"{package} {version}" for package, version in versions.items()))
    print("\n| | CPU [s] | wall [s] | memory [MiB] | TT | EE |\n|---|---|---|---|---|---|")
    for name in rows:
        if name in failed:
            print(f"| {name} | {failed[name]} | | | | |")
            continue
        cpu, wall, memory = (statistics.median(x[key] for x in samples[name])
                             for key in ("cpu", "wall", "memory"))
        tt, ee = (difference(rows, results, name, field) for field in ("tt", "ee"))
        print(f"| {name} | {cpu:.1f} | {wall:.1f} | {memory:.0f} | {tt} | {ee} |")


if __name__ == "__main__":
    main()
