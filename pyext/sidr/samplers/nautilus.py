r"""Nested sampling with nautilus, for Cobaya: the posterior of log10 G_eff has two modes.

Importance nested sampling, with neural networks that learn where the posterior is (arXiv:2306.16923).
Paste, for the modes and their evidences::

    sampler:
      sidr.samplers.Nautilus:
        n_eff: 5000
        split_at: {log10_G_eff: -2.5}
    output: chains/full

The products are those of Cobaya's samplers: samples in `.1.txt` with derived parameters and chi2 of each
likelihood, log Z in `.logZ`, and `cobaya-run -r` goes on after a stop, also with a larger `n_eff` or
`max_calls`. It runs on all cores, or with `mpirun -n N cobaya-run`.

Priors are drawn from by their quantile functions; an external prior is a weight, as a likelihood is,
and need not be normalised: log Z has its integral then. Points that a theory cannot compute have no
likelihood; they are in `.failed`. See docs/sampling.md.
"""

import re
from numbers import Integral, Real
from pathlib import Path

import nautilus
import numpy as np
from cobaya import mpi
from cobaya.collection import SampleCollection
from cobaya.conventions import Extension
from cobaya.log import LoggedError
from cobaya.sampler import Sampler
from cobaya.tools import NumberWithUnits
from cobaya.yaml import yaml_dump_file

from sidr.samplers.checkpoint import Checkpoint, describe, replacing
from sidr.samplers.cube import UnitCube
from sidr.samplers.evidence import effective_size, evidence, split
from sidr.samplers.processes import processes
from sidr.samplers.progress import Progress

#: Samples with a smaller weight, relative to the largest, are left out, as getdist does
NEGLIGIBLE = 1e-30

#: Points between two checkpoints, about; after the exploration each shell gets as many
POINTS = 32

#: ln L, for nautilus, of a point that a theory rejects and says how far from it there is a likelihood: it
#: finds the way there, and exp(NOWHERE) is 0
NOWHERE = -1e10

#: More points without likelihood than this are only in the file
LISTED = 10


class Nautilus(Sampler):
    r"""
    Nested sampling with nautilus \cite{Lange:2023ydq}.
    """

    # All: the checkpoint knows which ones cannot change, and names them.
    _at_resume_prefer_new = [*Sampler._at_resume_prefer_new, "n_eff", "max_calls", "f_live", "n_live",
                             "n_networks", "discard_exploration", "prior_box", "split_at", "output_every",
                             "processes", "n_batch", "seed"]

    # Values are in Nautilus.yaml, all of them, since `cobaya-doc` shows it only then.
    sampler_type: str
    supports_periodic_params: bool
    n_eff: float
    max_calls: float
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
        self.collection = None
        self.logZ = self.logZstd = self.ESS = np.nan
        self.split = {}

    def initialize(self):
        """Check the options, prepare the sampler or go on with that of a checkpoint.

        Raises
        ------
        LoggedError
            If an option is wrong, or the checkpoint cannot be used.
        """
        self._derived = slice(0, len(self.model.parameterization.derived_params()))
        self._priors = slice(self._derived.stop, self._derived.stop + len(self.model.prior))
        self._likes = slice(self._priors.stop, self._priors.stop + len(self.model.likelihood))
        try:
            self._check_options()
            self.cube = UnitCube(self.model.prior, self.prior_box or {})
        except ValueError as error:
            raise LoggedError(self.log, "%s", error) from error
        self._pool = processes(self._compute, self.processes)
        self.n_batch = self.n_batch or self._pool.size * max(1, round(POINTS / self._pool.size))
        self._failed = np.empty((0, self.model.prior.d()))
        self._prepare()

    def _check_options(self):
        """Raise ValueError at the first wrong one."""
        d = self.model.prior.d()
        if d < 2:
            raise ValueError(f"nautilus needs two sampled parameters at least, and there is {d}: take "
                             "Cobaya's mcmc, or a grid.")
        limits = {"n_eff": (1, np.inf), "max_calls": (1, np.inf), "f_live": (1e-6, 0.99),
                  "n_live": (d + 50, np.inf), "n_networks": (0, np.inf), "n_batch": (2, np.inf),
                  "processes": (1, np.inf)}
        reals = ("n_eff", "max_calls", "f_live")
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if value is None and name in ("n_batch", "processes"):
                continue
            kind, words = (Real, "a number") if name in reals else (Integral, "an integer")
            if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
                raise ValueError(f"{name} = {value!r} is not {words} in [{low:g}, {high:g}].")
        if not isinstance(self.discard_exploration, bool):
            raise ValueError(f"discard_exploration = {self.discard_exploration!r} is not True or False.")
        self.output_every = NumberWithUnits(self.output_every, "s").value
        for name in ("prior_box", "split_at"):
            if not isinstance(getattr(self, name), dict | None):
                raise ValueError(f"{name} = {getattr(self, name)!r} is not a dictionary of parameters.")
        params = self.model.parameterization
        names = [*params.sampled_params(), *params.derived_params()]
        for name, values in (self.split_at or {}).items():
            if name not in names:
                raise ValueError(f"split_at: {name} is neither sampled nor derived; there are "
                                 f"{', '.join(names)}.")
            values = np.atleast_1d(values)
            if values.dtype.kind not in "if" or not (np.diff(values) > 0).all():
                raise ValueError(f"split_at: {name}: {self.split_at[name]!r} is not a number or an "
                                 "increasing list of them.")

    @mpi.root_only
    def _prepare(self):
        """The sampler of nautilus, on the main process."""
        self._checkpoint, options = None, {"n_live": self.n_live, "prior_box": self.prior_box}
        if self.output:
            self._checkpoint = Checkpoint(self.checkpoint_h5(self.output), describe(self.model, options))
        resume = bool(self.output) and self.output.is_resuming()
        try:
            if resume:
                self._failed = self._checkpoint.restore()
            self._nautilus = self._sampler(resume)
        except ValueError as error:
            raise LoggedError(self.log, "%s", error) from error
        self._nautilus.discard_exploration = self.discard_exploration

    def _sampler(self, resume):
        """A new sampler of nautilus, or that of the checkpoint."""
        boxed = self.prior_box or {}
        periodic = [i for i in self.model.prior._periodic_bounds if self.model.prior.params[i] not in boxed]
        try:
            return nautilus.Sampler(
                self.cube, self._evaluate, n_dim=self.model.prior.d(), n_live=self.n_live,
                n_networks=self.n_networks, periodic=np.array(periodic) if periodic else None,
                vectorized=True, pass_dict=False, blobs_dtype=float,
                # the first of the pair would replace _evaluate
                pool=(None, self._pool if self._pool.size > 1 else None), n_batch=self.n_batch,
                seed=int(self._rng.integers(2**63)), filepath=self._checkpoint and self._checkpoint.work,
                resume=resume)
        except (OSError, KeyError, RuntimeError) as error:
            if not resume:
                raise
            raise ValueError(self._checkpoint.broken(error)) from error

    # The posterior, as nautilus sees it

    def _compute(self, x):
        """Derived parameters, log-priors and log-likelihoods at a point, and how far outside it is."""
        result = self.model.logposterior(x)
        row = np.full(self._likes.stop + 1, np.nan)
        row[self._priors] = result.logpriors
        if len(result.loglikes):  # not where a prior vanishes
            row[self._derived], row[self._likes] = result.derived, result.loglikes
            row[-1] = sum(getattr(theory, "outside_by", 0.0) for theory in self.model.theory.values())
        return row

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
        columns = []
        for row in self._pool.compute(points):
            columns.append(row)
            self._progress.tick()
        columns = np.array(columns)
        # The first of the priors is in the map from the unit cube.
        external, log_l = columns[:, self._priors][:, 1:].sum(axis=1), columns[:, self._likes].sum(axis=1)
        if (log_l == np.inf).any():
            raise ValueError(f"The likelihood is infinite at {self._words(points[log_l == np.inf][0])}.")
        outside = columns[:, -1] > 0
        failed = np.isfinite(external) & ~np.isfinite(log_l) & ~outside
        self._failed = np.vstack([self._failed, points[failed]])
        nowhere = np.where(outside, NOWHERE * (1 + columns[:, -1]), -np.inf)
        total = external + log_l
        return np.where(np.isfinite(total), total, nowhere), columns

    def _words(self, point):
        return ", ".join(f"{name} = {x:g}" for name, x in zip(self.model.prior.params, point, strict=True))

    # The run

    def run(self):
        """Sample until the effective sample size is reached, or the number of calls."""
        with self._pool:  # where the other processes of MPI stay
            if mpi.is_main_process():
                try:
                    self._sample()
                except (ValueError, ChildProcessError) as error:
                    raise LoggedError(self.log, "%s", error) from error

    def _sample(self):
        path = self.progress_filename() if self.output else None
        with Progress(self._nautilus, self.log, self.cube.log_volume, self.n_eff, self.f_live,
                      self.discard_exploration, self.output_every, path) as self._progress:
            self.converged = self._batch(0)
            while not self.converged and self._nautilus.n_like < self.max_calls:
                self.converged = self._batch(self.n_batch)
                if self._checkpoint:
                    self._checkpoint.publish(self._failed)
                if self._progress.batch():
                    self._write()
        if self._checkpoint:
            self._checkpoint.close()
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

    # The products

    def _write(self):
        """Bring samples and evidences up to date, also on disk."""
        # Before the end too few points follow the exploration, in some places none.
        self._nautilus.discard_exploration = self.discard_exploration and self.converged
        with np.errstate(invalid="ignore"):  # where no point has a likelihood
            points, log_w, log_l, columns = self._nautilus.posterior(return_blobs=True)
        weights = np.exp(log_w - log_w.max()) if (log_l > NOWHERE).any() else np.zeros(len(points))
        self.logZ, self.logZstd, *_ = evidence(self._nautilus.log_z + self.cube.log_volume, weights)
        self._nautilus.discard_exploration = self.discard_exploration
        self.ESS = float(effective_size(weights))
        # In random order: leaving out the first rows as if they were a chain's costs samples, no more.
        order = np.random.default_rng(0).permutation(np.flatnonzero(weights > NEGLIGIBLE))
        points, weights, columns = points[order], weights[order], columns[order]
        if self.output and len(points):
            with replacing(self._filename(".1.txt")) as new:
                self.collection = self._collect(points, weights, columns, new)
                self.collection.out_update()
            self.collection.file_name = self._filename(".1.txt")
        else:
            self.collection = self._collect(points, weights, columns)
        self.split = {name: split(self.logZ, weights, self.collection[name].to_numpy(float),
                                  np.atleast_1d(edges).tolist())
                      for name, edges in (self.split_at or {}).items()}
        if self.output:
            self._write_numbers()
        if self._nautilus.explored:
            self.cube.check_box(points, weights)

    def _collect(self, points, weights, columns, file_name=None):
        """Samples as Cobaya's other samplers have them."""
        collection = SampleCollection(self.model, self.output, name="1", file_name=file_name,
                                      sample_type="nested")
        for point, weight, row in zip(points, weights, columns, strict=True):
            collection.add(point, derived=row[self._derived], logpriors=row[self._priors],
                           loglikes=row[self._likes], weight=weight)
        return collection

    def _write_numbers(self):
        """Files of the evidences, of the state and of the points without likelihood."""
        evidences = {"logZ": self.logZ, "logZstd": self.logZstd}
        if self.split:
            evidences["split"] = self.split
        state = {"converged": self.converged, "calls": self._nautilus.n_like, "ESS": self.ESS}
        for extension, content, comment in (
                (Extension.evidence, evidences, "log-evidence"),
                (Extension.checkpoint, {"sampler": {self.get_name(): state}}, None)):
            with replacing(self._filename(extension)) as new:
                yaml_dump_file(new, content, comment=comment, error_if_exists=False)
        if len(self._failed):
            with replacing(self._filename(".failed")) as new:
                np.savetxt(new, self._failed, header=" ".join(self.model.prior.params))

    def _filename(self, extension):
        return str(Path(self.output.folder, self.output.prefix + extension))

    def _say_result(self):
        n_like = self._nautilus.n_like
        if not self.converged:
            self.log.warning("Stopped at max_calls = %g: not converged. Resume with a larger one.",
                             self.max_calls)
        self.log.info("%s after %d calls: log(Z) = %.3f +/- %.3f, %d samples, effectively %.0f",
                      "Finished" if self.converged else "Stopped", n_like, self.logZ, self.logZstd,
                      len(self.collection), self.ESS)
        for name, regions in self.split.items():
            for r in regions:
                self.log.info("  %s in [%s, %s]: log(Z) = %.3f +/- %.3f, %.3f +/- %.3f of the posterior",
                              name, *r.values())
        if outside := sum((np.asarray(columns)[:, -1] > 0).sum() for columns in self._nautilus.blobs):
            self.log.info("%d of %d points were rejected: outside the region of a theory.", outside, n_like)
        if len(self._failed):
            self.log.warning("%d of %d points have no likelihood: a theory could not compute them, or it "
                             "vanishes.%s", len(self._failed), n_like,
                             f" They are in {self._filename('.failed')}." if self.output else "")
            for point in self._failed[:LISTED]:
                self.log.info("  %s", self._words(point))

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
            return self.collection
        collection = self.collection
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
            regions with their evidences; "ESS", "calls", and "failed": the points without likelihood.
            Empty on the other processes of MPI, unless combined.
        """
        sample = self.samples(combined, skip_samples, to_getdist)
        products = {}
        if mpi.is_main_process():
            products = {"sample": sample, "logZ": self.logZ, "logZstd": self.logZstd, "split": self.split,
                        "ESS": self.ESS, "calls": self._nautilus.n_like, "failed": self._failed}
        return mpi.share_mpi(products) if combined or to_getdist else products

    # What Cobaya asks for

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
            names += [rf"{root}\.?nautilus\.(work|new)\.h5$", rf"{root}\.?1\.new\.txt$",
                      *(rf"{root}(\.new)?\{extension}$" for extension in
                        (Extension.evidence, Extension.checkpoint, Extension.progress, ".failed"))]
        return [(re.compile(name), None) for name in names]

    @classmethod
    def get_version(cls):
        return nautilus.__version__
