r"""Nested sampling with nautilus, for Cobaya: the posterior of log10 G_eff has two modes.

Importance nested sampling, with neural networks that learn where the posterior is (arXiv:2306.16923).
Paste, for the modes and their evidences::

    sampler:
      sidr.samplers.Nautilus:
        n_eff: 5000
        split_at: {log10_G_eff: -2.5}
    output: chains/full

The products are those of Cobaya's samplers: samples in `.1.txt` with derived parameters and chi2 of each
likelihood, log Z in `.logZ`, and `cobaya-run -r` resumes after a stop, also with a larger `n_eff` or
`max_calls`. It runs on all cores, or with `mpirun -n N cobaya-run`.

Priors are drawn from by their quantile functions; an external prior is a weight, as a likelihood is,
and need not be normalised: log Z has its integral then. Points that a theory cannot compute have no
likelihood; they are in `.failed`, and the log says why. See docs/sampling.md.
"""

import os
import re
import warnings
from contextlib import contextmanager

import nautilus
import numpy as np
from cobaya import mpi
from cobaya.conventions import Extension
from cobaya.log import LoggedError
from cobaya.sampler import Sampler

from sidr.cores import settle
from sidr.samplers import options
from sidr.samplers.checkpoint import Checkpoint, Infos, describe
from sidr.samplers.cube import UnitCube
from sidr.samplers.interrupt import TERMINATED, Stopped, Terminated, sigterm
from sidr.samplers.processes import processes
from sidr.samplers.progress import Progress
from sidr.samplers.rejected import Reasons, Rejected
from sidr.samplers.results import Columns, Results
from sidr.samplers.state import State

#: Points between two checkpoints, about; after the exploration each shell gets as many
POINTS = 32

#: Of each process, so that few wait for the slowest one; and of a batch, since large ones cost more calls
EACH, MOST = 4, 256

#: ln L, for nautilus, of a point that a theory rejects and says how far from it there is a likelihood: it
#: finds the way there, and exp(NOWHERE) is 0
NOWHERE = -1e10


def batch(processes):
    """Points of a batch by default (benchmarks/dealing.py)."""
    return processes * max(1, round(POINTS / processes), min(EACH, MOST // processes))


class Nautilus(Sampler):
    r"""
    Nested sampling with nautilus \cite{Lange:2023ydq}.
    """

    # All: the checkpoint knows which ones cannot change, and names them.
    _at_resume_prefer_new = [*Sampler._at_resume_prefer_new, "n_eff", "max_calls", "max_tries", "f_live",
                             "n_live", "n_networks", "discard_exploration", "prior_box", "split_at",
                             "output_every", "processes", "n_batch", "seed"]

    # Values are in Nautilus.yaml, all of them, since `cobaya-doc` shows it only then.
    sampler_type: str
    supports_periodic_params: bool
    n_eff: float
    max_calls: float
    max_tries: int
    f_live: float
    n_live: int
    n_networks: int
    discard_exploration: bool
    prior_box: dict | None
    split_at: dict | None
    output_every: str
    processes: int | None
    n_batch: int | None

    def set_instance_defaults(self):
        super().set_instance_defaults()
        self.converged = False

    def initialize(self):
        """Check the options, prepare the sampler or resume that of a checkpoint.

        Raises
        ------
        LoggedError
            If an option is wrong, or the checkpoint cannot be used.
        """
        try:
            settle()
            options.check(self)
            self.cube = UnitCube(self.model.prior, self.prior_box or {})
        except ValueError as error:
            raise LoggedError(self.log, "%s", error) from error
        self._columns, self._reasons = Columns(self.model), Reasons(self.model)
        self.results = Results(self.model, self._columns, self.output, self.split_at)
        self._pool = processes(self._compute, self.processes)
        self.n_batch = self.n_batch or batch(self._pool.size)
        self._prepare()

    @mpi.root_only
    def _prepare(self):
        """The sampler of nautilus, on the main process."""
        self._rejected = Rejected(self.model.prior.d(), max(self.max_tries, self.n_live),
                                  max(self.n_live, self.n_batch))
        self._checkpoint, kept = None, None
        if self.output:
            fixed = {"n_live": self.n_live, "prior_box": self.prior_box}
            self._checkpoint = Checkpoint(self.checkpoint_h5(self.output), describe(self.model, fixed))
        try:
            if self.output and self.output.is_resuming():
                kept = self._checkpoint.restore()
                self._rejected.add(kept.failed, [])
                self._rejected.reasons.update(kept.reasons)
            self._nautilus = self._sampler(kept)
        except ValueError as error:
            raise LoggedError(self.log, "%s", error) from error
        self._nautilus.discard_exploration = self.discard_exploration

    def _sampler(self, kept):
        """A new sampler of nautilus, or that of a checkpoint."""
        boxed = self.prior_box or {}
        periodic = [i for i in self.model.prior._periodic_bounds if self.model.prior.params[i] not in boxed]
        content = None if not self._checkpoint else kept.state if kept else b""
        return State(self.cube, self._evaluate, n_dim=self.model.prior.d(), n_live=self.n_live,
                     n_networks=self.n_networks, periodic=np.array(periodic) if periodic else None,
                     vectorized=True, pass_dict=False, blobs_dtype=float,
                     # the first of the pair would replace _evaluate
                     pool=(None, self._pool if self._pool.size > 1 else None), n_batch=self.n_batch,
                     seed=int(self._rng.integers(2**63)), content=content)

    # The posterior, as nautilus sees it

    def _compute(self, x):
        """A point: a row of its `Columns`, and why it has no posterior."""
        result, columns = self.model.logposterior(x), self._columns
        row = np.full(columns.size, np.nan)
        row[columns.priors] = result.logpriors
        if len(result.loglikes):  # not where a prior vanishes
            row[columns.derived], row[columns.likes] = result.derived, result.loglikes
            row[-1] = sum(getattr(theory, "outside_by", 0.0) for theory in self.model.theory.values())
        return row, self._reasons(result, row[-1] > 0)

    def _evaluate(self, points):
        """Log-likelihoods and columns of a batch.

        Parameters
        ----------
        points : ndarray, shape (n, d)

        Returns
        -------
        log_l : ndarray, shape (n,)
            With the external priors.
        columns : ndarray, shape (n, m)
        """
        columns, reasons = [], []
        for row, told in self._pool.compute(points):
            columns.append(row)
            reasons.append(told)
            self._progress.tick()
        columns = np.array(columns)
        # The first of the priors is in the map from the unit cube.
        external = columns[:, self._columns.priors][:, 1:].sum(axis=1)
        log_l = columns[:, self._columns.likes].sum(axis=1)
        if (log_l == np.inf).any():
            raise ValueError(f"The likelihood is infinite at {self._named(points[log_l == np.inf][0])}.")
        outside = columns[:, -1] > 0
        failed = np.isfinite(external) & ~np.isfinite(log_l) & ~outside
        nowhere = np.where(outside, NOWHERE * (1 + columns[:, -1]), -np.inf)
        total = np.where(np.isfinite(external + log_l), external + log_l, nowhere)
        self._rejected.add(points[failed], reasons, total)
        return total, columns

    def _named(self, point):
        return ", ".join(f"{name} = {x:g}" for name, x in zip(self.model.prior.params, point, strict=True))

    # The run

    def run(self):
        """Sample until the effective sample size is reached, or the number of calls.

        Raises
        ------
        LoggedError
            `sidr.samplers.interrupt.Stopped`, if the run ends without having reached them.
        """
        # the other processes of MPI stay in the pool
        with warnings.catch_warnings(), sigterm, self._pool, self._ends():
            if mpi.is_main_process():
                self._sample()

    @contextmanager
    def _ends(self):
        """Let all ends before the goal be one line of the log, and a status."""
        try:
            yield
        except Stopped:
            raise
        except LoggedError as error:
            raise Stopped(str(error)) from error
        except Terminated:
            text = f"SIGTERM has stopped the run. {self._continue()}"
            self.log.warning("%s", text)
            raise Stopped(text, TERMINATED) from None
        except (ValueError, ChildProcessError) as error:
            self.log.error("%s", error)
            raise Stopped(str(error)) from error

    @contextmanager
    def _writing(self):
        """Say what to do where the disk is full."""
        try:
            yield
        except OSError as error:
            raise ValueError(f"The output cannot be written ({error.strerror or error}). Make room. "
                             f"{self._continue()}") from error

    def _continue(self):
        """What to do after a stop."""
        if not (self._checkpoint and self._checkpoint.calls):
            return "There is no checkpoint: begin again."
        return f"The checkpoint with {self._checkpoint.calls} calls is good: continue with cobaya-run -r."

    def _sample(self):
        # of numbers that are not known where no point has a likelihood
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="nautilus.")
        path = self.progress_filename() if self.output else None
        self._infos = Infos(self.output) if self.output else None
        with Progress(self._nautilus, self.log, self.cube.log_volume, self.n_eff, self.f_live,
                      self.discard_exploration, self.output_every, path) as self._progress:
            self.converged = self._batch(0)
            while not self.converged and self._nautilus.n_like < self.max_calls:
                self.converged = self._batch(self.n_batch)
                with self._writing():
                    self._publish()
                    if self._progress.batch():
                        self._write()
                self._check_hope()
        with self._writing():
            self._write()
        self._say_result()

    def _batch(self, size):
        """Let nautilus compute a batch of points, or none; whether it has finished."""
        if size:
            # With fewer than two points nautilus confuses the columns.
            self._nautilus.n_batch = int(max(2, min(size, self.max_calls - self._nautilus.n_like)))
        return bool(self._nautilus.run(
            f_live=self.f_live, n_eff=self.n_eff, n_like_max=self._nautilus.n_like + bool(size),
            discard_exploration=self.discard_exploration))

    def _publish(self):
        """Bring the checkpoint up to date, and see that Cobaya's files are still there."""
        if self._checkpoint:
            self._checkpoint.publish(self._nautilus.content, self._nautilus.n_like, self._rejected)
            if paths := self._infos.restore():
                self.log.warning("%s had been removed, as `cobaya-run --force` does beside this run: "
                                 "written again.", ", ".join(map(str, paths)))

    def _check_hope(self):
        """Say a first batch with zero likelihood; raise if there is no hope for any."""
        rejected = self._rejected
        if rejected.hopeless:
            with self._writing():
                self._write()
            raise ValueError(
                f"None of {self._nautilus.n_like} points has a likelihood, nor have the last "
                f"{rejected.tries} come nearer to one. Rejected: {rejected.summary()}. Do these inputs and "
                "priors allow any? If they do, raise max_tries.")
        if not rejected.found and rejected.batches == 1:
            if rejected.told:
                self.log.info("The first %d points are outside the region of a theory: the exploration "
                              "looks for it.", self._nautilus.n_like)
            else:
                self.log.warning("None of the first %d points has a likelihood. Rejected: %s.",
                                 self._nautilus.n_like, rejected.summary())

    # The products

    def _write(self):
        """Bring samples and evidences up to date, also on disk."""
        # Before the end too few points follow the exploration, in some places none.
        self._nautilus.discard_exploration = self.discard_exploration and self.converged
        with np.errstate(invalid="ignore"):  # where no point has a likelihood
            points, log_w, log_l, columns = self._nautilus.posterior(return_blobs=True)
        log_w = np.where(log_l > NOWHERE, log_w, -np.inf)
        logZ = self._nautilus.log_z + self.cube.log_volume
        self._nautilus.discard_exploration = self.discard_exploration
        points, weights = self.results.update(points, log_w, columns, logZ)
        if self.output:
            self.results.write(self.get_name(), self.converged, self._nautilus.n_like,
                               self._rejected.points)
        if self._nautilus.explored:
            self.cube.check_box(points, weights)

    def _say_result(self):
        results, n_like = self.results, self._nautilus.n_like
        if not self.converged:
            self.log.warning("Stopped at max_calls = %g: not converged. Resume with a larger one.",
                             self.max_calls)
        found = "no point has a likelihood"
        if size := len(results.collection):
            found = (f"log(Z) = {results.logZ:.3f} +/- {results.logZstd:.3f}, {size} samples, effectively "
                     f"{results.ESS:.0f}")
        self.log.info("%s after %d calls: %s", "Finished" if self.converged else "Stopped", n_like, found)
        for line in results.summary():
            self.log.info("  %s", line)
        if self._rejected.reasons:
            self.log.info("Points with zero likelihood, of %d: %s.%s", n_like, self._rejected.summary(),
                          f" Those not outside of a region are in {results.path('.failed')}."
                          if self.output and len(self._rejected.points) else "")

    def samples(self, combined=False, skip_samples=0, to_getdist=False):
        """The weighted sample of the posterior.

        Parameters
        ----------
        combined : bool
            Return it on all processes of MPI, instead of the main one only.
        skip_samples : float
            Without effect: a nested sample has no burn-in.
        to_getdist : bool
            Return a getdist.MCSamples, on all processes.

        Returns
        -------
        cobaya.collection.SampleCollection or getdist.MCSamples
            None if no point has a likelihood and getdist is asked for.
        """
        if skip_samples:
            self.mpi_warning("A nested sample has no burn-in: skip_samples is ignored.")
        if not (combined or to_getdist):
            return self.results.collection
        collection = self.results.collection
        if to_getdist and mpi.is_main_process():
            collection = collection.to_getdist() if len(collection) else None
        return mpi.share_mpi(collection)

    def products(self, combined=False, skip_samples=0, to_getdist=False):
        """Sample and evidences.

        Parameters are those of `samples`.

        Returns
        -------
        dict
            "sample", "logZ" and "logZstd" as from Cobaya's polychord; "split": by parameter the list of
            regions with their evidences; "ESS", "calls"; "failed": the points with zero likelihood, and
            "rejected": how many for which reason. Empty on the other processes of MPI, unless combined.
        """
        sample = self.samples(combined, skip_samples, to_getdist)
        products = {}
        if mpi.is_main_process():
            results = self.results
            products = {"sample": sample, "logZ": results.logZ, "logZstd": results.logZstd,
                        "split": results.split, "ESS": results.ESS, "calls": self._nautilus.n_like,
                        "failed": self._rejected.points, "rejected": dict(self._rejected.reasons)}
        return mpi.share_mpi(products) if combined or to_getdist else products

    # What Cobaya asks for

    @classmethod
    def check_force_resume(cls, output, info=None):
        """As Cobaya, which advises to delete the checkpoint if only .updated.yaml is missing."""
        checkpoint = output and cls.checkpoint_h5(output)
        if (output and mpi.is_main_process() and os.path.exists(checkpoint)
                and not (output.force or output._has_old_updated_info)):
            raise LoggedError(output.log, "There is the checkpoint %s of a run whose %s was missing. It is "
                              "written now, from this input: cobaya-run -r continues the run if it is the "
                              "same, -f begins again.", checkpoint, output.file_updated)
        super().check_force_resume(output, info)

    def _get_requested_cache_size(self):
        """No point is visited twice, and each that is kept has a `Class` (40 MB)."""
        return 1

    @classmethod
    def checkpoint_h5(cls, output):
        """Name of the file with the state of nautilus."""
        return output.add_suffix("nautilus.h5", separator=".")

    @classmethod
    def output_files_regexps(cls, output, info=None, minimal=False):
        root = re.escape(output.prefix)
        names = [rf"{root}\.?nautilus\.h5$", output.collection_regexp(name=None)]
        if not minimal:
            names += [*(rf"{root}\{extension}$" for extension in
                        (Extension.evidence, Extension.checkpoint, Extension.progress, ".failed")),
                      # what a kill has left
                      rf"{root}\.?(nautilus\.h5|1\.txt|logZ|checkpoint|progress|failed)\.\d+\.new$"]
        return [(re.compile(name), None) for name in names]

    @classmethod
    def get_version(cls):
        return nautilus.__version__
