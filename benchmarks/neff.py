"""N_eff of a pseudo-Dirac pair: time per point, convergence, and what the result depends on.

    python benchmarks/neff.py time
    python benchmarks/neff.py table [--collisions full] [--j 3] [--dm2 1e-8 2e-6 ...]
    python benchmarks/neff.py study [--collisions full] [--dm2 2e-6] [--rows NAME ...]

`time` prints the CPU seconds of one point against the nodes; `table` DeltaN_eff and its changes with nodes,
tolerance and start; `study` DeltaN_eff with one term after another left out or treated as others do.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from sidr.neff import Terms, solve  # noqa: E402

PROCESSES = Terms().diagonals
WITHOUT_NEUTRINOS = ("annihilation", "scattering")

#: Rows of the study: what is changed
STUDY = {
    "all": {},
    "start at 20 MeV": {"T_start": 20.0},
    "start at 5 MeV": {"T_start": 5.0},
    "inverted ordering": {"ordering": "inverted"},
    "CP phase of the fit": {"delta": None},
    "potential: none of neutrinos": {"terms": Terms(neutrino_potential=0.0)},
    "potential: half that of neutrinos": {"terms": Terms(neutrino_potential=0.5)},
    "potential: half of both": {"terms": Terms(0.5, 0.5)},
    "potential: none": {"terms": Terms(0.0, 0.0)},
    "no nu-nu in the diagonals": {"terms": Terms(diagonals=WITHOUT_NEUTRINOS)},
    "no nu-nu at all": {"terms": Terms(diagonals=WITHOUT_NEUTRINOS, coherences=WITHOUT_NEUTRINOS)},
    "no annihilation in the diagonals": {"terms": Terms(diagonals=("scattering", "neutrinos"))},
    "repopulation at the total rate": {"terms": Terms(diagonals=("total",))},
    "active coherences: half the total": {"terms": Terms(active="half")},
    "active coherences: amplitudes": {"terms": Terms(active="amplitudes")},
    "active coherences: undamped": {"terms": Terms(active="none")},
}


def run(dm2, collisions, **settings):
    """DeltaN_eff, N_eff and CPU seconds, without those of the standard model."""
    common = {"collisions": collisions, "estimate_error": False} | settings
    solve(0.0, **{k: v for k, v in common.items() if k not in ("ordering", "delta")})
    before = time.process_time()
    result = solve(dm2, **common)
    return result, time.process_time() - before


def print_time(_):
    print(f"{'collisions':12}{'nodes':>6}{'steps':>7}{'CPU s':>8}{'N_eff':>10}{'DeltaN':>9}")
    for collisions, sizes in (("damping", (20, 40, 60)), ("full", (27, 40, 60))):
        for nodes in sizes:
            result, seconds = run(2e-6, collisions, nodes=nodes)
            print(f"{collisions:12}{nodes:6}{result.x.size:7}{seconds:8.2f}{result.N_eff:10.5f}"
                  f"{result.DeltaN_eff:9.5f}", flush=True)


def print_table(arguments):
    collisions = arguments.collisions
    more, rtol, start = (60, 1e-5, 20.0) if collisions == "damping" else (54, 1e-5, 20.0)
    print(f"{'dm2/eV^2':>9}{'j':>3}{'N_eff':>10}{'DeltaN':>9}{'nodes':>9}{'rtol':>9}{'start':>9}{'drift':>9}")
    for j in arguments.j:
        for dm2 in arguments.dm2:
            result, _ = run(dm2, collisions, j=j)
            line = f"{dm2:9.0e}{j:3}{result.N_eff:10.5f}{result.DeltaN_eff:9.5f}"
            if arguments.converge:
                for change in ({"nodes": more}, {"rtol": rtol}, {"T_start": start}):
                    line += f"{run(dm2, collisions, j=j, **change)[0].DeltaN_eff:9.5f}"
            print(line + f"{result.energy_drift:9.0e}", flush=True)


def print_study(arguments):
    print(f"{'':36}{'N_eff (SM)':>11}" + "".join(f"{dm2:9.0e}" for dm2 in arguments.dm2))
    for name in arguments.rows or STUDY:
        settings = STUDY[name]
        if arguments.collisions == "full" and "total" in settings.get("terms", Terms()).diagonals:
            continue
        results = [run(dm2, arguments.collisions, j=arguments.j[0], **settings)[0] for dm2 in arguments.dm2]
        standard = results[0].N_eff - results[0].DeltaN_eff
        print(f"{name:36}{standard:11.4f}" + "".join(f"{r.DeltaN_eff:9.4f}" for r in results), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("time", "table", "study"))
    parser.add_argument("--collisions", choices=("full", "damping"), default="damping")
    parser.add_argument("--j", type=int, nargs="+", default=[3])
    parser.add_argument("--dm2", type=float, nargs="+", default=[2e-6])
    parser.add_argument("--rows", nargs="+", choices=STUDY)
    parser.add_argument("--converge", action="store_true", help="also nodes, tolerance and start")
    arguments = parser.parse_args()
    {"time": print_time, "table": print_table, "study": print_study}[arguments.what](arguments)
