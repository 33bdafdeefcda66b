#!/usr/bin/env bash
# All runs of chains/grid.py, their best fits, and tables. docs/runs.md has examples.
#
#   chains/grid.sh GRID [--emulated] [--slurm] [--dryrun] [--settings chains/grid.py] [options of cobaya-grid-run]
#
# --emulated: chains/grid_emulated.py, with sidr.theory.SIDREmulator and PlanckCompressed, minutes a run.
# The same command, after a stop, continues what has not converged. Options of cobaya-grid-run choose
# jobs: --data dr1, --param si, --name sidr_nchi1_si_planck. taskset -c 0-7 chains/grid.sh ... keeps to 8 cores.
set -euo pipefail

chains=$(dirname "$(realpath "$0")")
usage() { sed -n 's/^# \?//; 2,8p' "$0"; exit "$1"; }
[[ ${1:-} == --help ]] && usage 0
[[ ${1:-} == '' || $1 == -* ]] && usage 2 >&2
grid=$1 settings=$chains/grid.py slurm='' dryrun='' options=()
shift
while [ $# -gt 0 ]; do
    case $1 in
        --emulated) settings=$chains/grid_emulated.py ;;
        --slurm) slurm=yes ;;
        --dryrun) dryrun=yes ;;
        --settings) settings=$2; shift ;;
        *) options+=("$1") ;;
    esac
    shift
done

# Jobs of the grid with cobaya-grid-run; a dry run prints one line for each, in the given form, & its file
submit() {
    local form=$1
    shift
    if [ $dryrun ]; then
        cobaya-grid-run "$grid" --dryrun "$@" "${options[@]}" | sed -n "s|^\.\.\. \(.*\)|$form|p"
    else
        cobaya-grid-run "$grid" "$@" "${options[@]}"
    fi
}

cobaya-grid-create "$grid" "$settings" >/dev/null

# Runs on one core that MPI would bind to it do not find the others
export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none

if [ $slurm ]; then
    # A job continues with its best fit. Metropolis has four chains of four threads; nested sampling a process a core
    submit 'sbatch: mpirun -n 4 cobaya-run -r \1' --group metropolis --job-template "$chains/slurm.sh"
    submit 'sbatch: mpirun -n 64 cobaya-run -r \1' --group nested --job-template "$chains/slurm.sh" \
        --cores-per-node 64 --chains-per-node 64 --mem-per-node 64000
    exit
fi

# Here: up to four chains a run, as many runs at once as there are cores for, and threads on what is left
cores=$(env -u OMP_NUM_THREADS nproc)
mpi_chains=$((cores < 4 ? cores : 4))
if ! python -c 'import mpi4py' 2>/dev/null || ! mpirun -n 1 true >/dev/null 2>&1; then
    echo 'Without MPI: one chain a run. pip install ".[mpi]" gives up to four; `mpirun true` says what is wrong.' >&2
    mpi_chains=1
fi
runs=$((cores / mpi_chains < 15 ? cores / mpi_chains : 15))
export OMP_NUM_THREADS=$((cores / mpi_chains / runs))
run=cobaya-run
[ $mpi_chains -gt 1 ] && run="mpirun -n $mpi_chains cobaya-run"
[ $dryrun ] && echo "$cores cores: $runs Metropolis runs at once, $mpi_chains chains each, OMP_NUM_THREADS=$OMP_NUM_THREADS;" \
    "then nested sampling, one run on all cores; then the best fits"

submit "$run -r \1" --group metropolis --noqueue $runs --program "$run -r"
OMP_NUM_THREADS=1 submit 'cobaya-run -r \1' --group nested --noqueue 1 --program 'cobaya-run -r'
submit "$run -f \1" --minimize --notexist --noqueue $runs --program "$run -f"
[ $dryrun ] && exit

cobaya-grid-converge "$grid" --checkpoint
cobaya-grid-getdist "$grid" --group metropolis --burn_remove 0.3 --exist
cobaya-grid-getdist "$grid" --group nested --burn_remove 0 --exist
cobaya-grid-tables "$grid" "$grid/tables" --no_delta_chisq
sidr minima "$grid" | tee "$grid/minima.txt"
