"""Samples and evidences of a run of nautilus, in memory and on disk, as Cobaya's samplers have them."""

from pathlib import Path

import numpy as np
from cobaya.collection import SampleCollection
from cobaya.conventions import Extension
from cobaya.yaml import yaml_dump_file

from sidr.files import replacing
from sidr.samplers.evidence import effective_size, evidence, split

#: Samples with a smaller weight, relative to the largest, are left out, as getdist does
NEGLIGIBLE = 1e-30


class Columns:
    """Which columns of a point are which, for the points of a model.

    Parameters
    ----------
    model : cobaya.model.Model

    Attributes
    ----------
    derived, priors, likes : slice
        Derived parameters, log-priors, log-likelihoods; after them, how far outside a point is.
    """

    def __init__(self, model):
        self.derived = slice(0, len(model.parameterization.derived_params()))
        self.priors = slice(self.derived.stop, self.derived.stop + len(model.prior))
        self.likes = slice(self.priors.stop, self.priors.stop + len(model.likelihood))
        self.size = self.likes.stop + 1


class Results:
    """Samples and evidences.

    Parameters
    ----------
    model : cobaya.model.Model
    columns : Columns
    output : cobaya.output.Output or None
    split_at : dict or None
        Option of the sampler.

    Attributes
    ----------
    collection : cobaya.collection.SampleCollection
    logZ, logZstd, ESS : float
    split : dict
        By parameter the regions, with their evidences.
    """

    def __init__(self, model, columns, output, split_at):
        self.model, self.columns, self.output, self.split_at = model, columns, output, split_at or {}
        self.collection, self.split = None, {}
        self.logZ = self.logZstd = self.ESS = np.nan

    def update(self, points, log_w, columns, logZ):
        """Take the weighted points of nautilus.

        Parameters
        ----------
        points : ndarray, shape (n, d)
        log_w : ndarray, shape (n,)
            ln of the weights; all -inf if no point has a likelihood.
        columns : ndarray, shape (n, m)
        logZ : float
            ln of the evidence.

        Returns
        -------
        points, weights : ndarray
            Those that the samples have.
        """
        weights = np.exp(log_w - log_w.max()) if np.isfinite(log_w).any() else np.zeros(len(points))
        self.logZ, self.logZstd, *_ = evidence(logZ, weights)
        self.ESS = float(effective_size(weights))
        # In random order: leaving out the first rows as if they were a chain's costs samples, no more.
        order = np.random.default_rng(0).permutation(np.flatnonzero(weights > NEGLIGIBLE))
        points, weights, columns = points[order], weights[order], columns[order]
        if self.output and len(points):
            path = self.path(".1.txt")
            with replacing(path) as new:
                self.collection = self._collect(points, weights, columns, new)
                self.collection.out_update()
            self.collection.file_name = path
        else:
            self.collection = self._collect(points, weights, columns)
        self.split = {name: split(self.logZ, weights, self.collection[name].to_numpy(float),
                                  np.atleast_1d(edges).tolist())
                      for name, edges in self.split_at.items()}
        return points, weights

    def _collect(self, points, weights, columns, file_name=None):
        """Samples as Cobaya's other samplers have them."""
        collection = SampleCollection(self.model, self.output, name="1", file_name=file_name,
                                      sample_type="nested")
        for point, weight, row in zip(points, weights, columns, strict=True):
            collection.add(point, derived=row[self.columns.derived], logpriors=row[self.columns.priors],
                           loglikes=row[self.columns.likes], weight=weight)
        return collection

    def write(self, name, converged, calls, failed):
        """The files of the evidences, of the state and of the points with zero likelihood.

        Parameters
        ----------
        name : str
            Of the sampler.
        converged : bool
        calls : int
        failed : ndarray, shape (n, d)
        """
        evidences = {"logZ": self.logZ, "logZstd": self.logZstd}
        if self.split:
            evidences["split"] = self.split
        state = {"converged": converged, "calls": calls, "ESS": self.ESS}
        for extension, content, comment in (
                (Extension.evidence, evidences, "log-evidence"),
                (Extension.checkpoint, {"sampler": {name: state}}, None)):
            with replacing(self.path(extension)) as new:
                yaml_dump_file(new, content, comment=comment, error_if_exists=False)
        if len(failed):
            with replacing(self.path(".failed")) as new:
                np.savetxt(new, failed, header=" ".join(self.model.prior.params))

    def path(self, extension):
        """Name of a file of the run."""
        return str(Path(self.output.folder, self.output.prefix + extension))

    def summary(self):
        """Iterator over lines on the evidences of the regions."""
        for name, regions in self.split.items():
            for low, high, logZ, std, fraction, fraction_std in map(dict.values, regions):
                between = " and ".join(filter(None, (f"above {low:g}" if low is not None else "",
                                                     f"below {high:g}" if high is not None else "")))
                yield (f"{name} {between}: " + (f"log(Z) = {logZ:.3f} +/- {std:.3f}, {fraction:.3f} +/- "
                       f"{fraction_std:.3f} of the posterior" if fraction else "none of the samples"))
