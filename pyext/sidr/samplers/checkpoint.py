"""The state of nautilus on disk, safe from a kill at any moment.

nautilus changes its file in place and deletes it before it writes a longer one. It works on
`ROOT.nautilus.work.h5`; after each batch a copy, with a description of the model and the points without
likelihood, takes the place of `ROOT.nautilus.h5` in one step.
"""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from cobaya.yaml import yaml_dump, yaml_load

#: Group of the file that is ours
GROUP = "sidr.samplers.Nautilus"

#: Options of parameters and of components that do not change the posterior
IRRELEVANT = {"latex", "renames", "ref", "proposal", "min", "max", "version", "stop_at_error", "speed",
              "input_params", "output_params", "python_path"}


@contextmanager
def replacing(path):
    """A name beside `path` for a new version of it, which takes its place at the end of the block."""
    path = Path(path)
    new = path.with_name(f"{path.stem}.new{path.suffix}")
    yield str(new)
    os.replace(new, path)


class Checkpoint:
    """Checkpoint of a run.

    Parameters
    ----------
    path : str
        Name of the file, which ends in .h5.
    description : dict
        What must be the same when a run goes on; see `describe`.
    """

    def __init__(self, path, description):
        self.path = Path(path)
        self.work = self.path.with_suffix(".work.h5")
        self.description = description

    def restore(self):
        """Put the state where nautilus goes on from.

        Returns
        -------
        ndarray, shape (n, d)
            Points without likelihood.

        Raises
        ------
        ValueError
            If the file is broken, is none of ours, or is that of another model.
        """
        try:
            with h5py.File(self.path) as file:
                if GROUP not in file:
                    raise ValueError(f"{self.path} is not a checkpoint of {GROUP}.")
                then = yaml_load(file[GROUP]["description"].asstr()[()])
                failed = file[GROUP]["failed"][()]
        except (OSError, KeyError, RuntimeError) as error:
            raise ValueError(self.broken(error)) from error
        if changes := list(differences(then, self.description)):
            raise ValueError(f"{self.path} is the checkpoint of another model: {'; '.join(changes)}. Go "
                             "back to that, or choose another output; --force deletes it.")
        shutil.copyfile(self.path, self.work)
        return failed

    def publish(self, failed):
        """Let the state of nautilus, and the points without likelihood, be the new checkpoint."""
        with replacing(self.path) as new:
            shutil.copyfile(self.work, new)
            with h5py.File(new, "r+") as file:
                group = file.require_group(GROUP)
                for name, data in (("description", yaml_dump(self.description)), ("failed", failed)):
                    group.pop(name, None)
                    group[name] = data

    def broken(self, error):
        """What to say about a file that cannot be read."""
        samples = self.path.with_name(self.path.name.replace("nautilus.h5", "1.txt"))
        rows = sum(1 for _ in samples.open()) - 1 if samples.exists() else 0
        return (f"The checkpoint {self.path} is broken ({error}): the run cannot go on. "
                + (f"The {rows} samples of its last output are in {samples}: copy them. " if rows else "")
                + "--force begins again.")

    def close(self):
        """Remove the file on which nautilus works."""
        self.work.unlink(missing_ok=True)


def describe(model, options):
    """What determines the posterior and the meaning of the numbers in a checkpoint.

    Parameters
    ----------
    model : cobaya.model.Model
    options : dict
        Options of the sampler that cannot change.

    Returns
    -------
    dict
        Nested, with what YAML can hold.
    """
    components = {"theory": model.theory, "likelihood": model.likelihood}
    description = {
        "order of parameters": list(model.parameterization.sampled_params()),
        "order of columns": [*model.parameterization.derived_params(), *model.prior, *model.likelihood,
                             "outside_by"],
        **{kind: relevant(model.info().get(kind), components.get(kind, {}))
           for kind in ("params", "prior", "theory", "likelihood")},
        "sampler": options}
    return yaml_load(yaml_dump(description))


def relevant(block, components):
    """The options in a block of Cobaya's input that matter."""
    def ignored(name):
        return IRRELEVANT.union(getattr(components.get(name), "_at_resume_prefer_new", ()))

    return {name: {key: value for key, value in options.items() if key not in ignored(name)}
            if isinstance(options, dict) else options for name, options in (block or {}).items()}


def differences(then, now, path=()):
    """Iterator over what differs between two nested dictionaries, in words."""
    for key in [*then, *(key for key in now if key not in then)]:
        a, b = then.get(key), now.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            yield from differences(a, b, (*path, key))
        elif key not in then and b is False:
            continue    # an option that has come since, and is off
        elif a != b and not (is_nan(a) and is_nan(b)):
            yield f"{': '.join(map(str, (*path, key)))} was {a!r} and is {b!r}"


def is_nan(value):
    return isinstance(value, float) and np.isnan(value)
