#!/bin/bash
#SBATCH --job-name={JOBNAME}
#SBATCH --nodes={NUMNODES}
#SBATCH --ntasks-per-node={MPIPERNODE}
#SBATCH --cpus-per-task={OMP}
#SBATCH --mem={MEM_MB}
#SBATCH --time={WALLTIME}
#SBATCH --chdir={ROOTDIR}
#SBATCH --output={JOBSCRIPTDIR}/{JOBNAME}.log
#SBATCH --open-mode=append
##DEFAULT_GridEngine: SLURM##
##DEFAULT_qsub: sbatch##
##DEFAULT_qdel: scancel##
##DEFAULT_nodes: 1##
##DEFAULT_cores_per_node: 16##
##DEFAULT_chains_per_node: 4##
##DEFAULT_mem_per_node: 16000##
##DEFAULT_walltime: 48:00:00##
##RUN: run='{INI}'; mpirun -n {NUMMPI} {PROGRAM} "$run" && mpirun -n {NUMMPI} cobaya-run -f "${{run%.yaml}}_minimize.yaml"##

# Add here what your cluster asks for (#SBATCH --account=...), and what brings the environment, as
# module load openmpi; source .venv/bin/activate; export COBAYA_PACKAGES_PATH=...

# One core for each thread of each process, not one for each process
export OMP_NUM_THREADS={OMP} OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none

{COMMAND}
