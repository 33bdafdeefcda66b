"""The state of nautilus on disk, safe from a kill at any moment, and from damage.

After each batch the file of nautilus, which is in memory (`sidr.samplers.state`), takes the place of
`ROOT.nautilus.h5` in one step. It has besides, in a group of ours, a description of the model, the points
with zero likelihood, and what they were rejected by; and at the end of all a checksum.
"""

import json
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from sidr.files import Damaged, replacing, seal, unseal

#: Group of the file that is ours
GROUP = "sidr.samplers.Nautilus"

#: Options of parameters and of components that do not change the posterior
IRRELEVANT = {"latex", "renames", "ref", "proposal", "min", "max", "version", "stop_at_error", "speed",
              "input_params", "output_params", "python_path"}


class Kept(NamedTuple):
    """What a checkpoint has."""
    state: bytes            # the file of nautilus
    failed: np.ndarray      # points with zero likelihood, shape (n, d)
    reasons: dict           # why points were rejected, and how many


class Checkpoint:
    """Checkpoint of a run.

    Parameters
    ----------
    path : str
        Name of the file, which ends in .h5.
    description : dict
        What must be the same when a run is resumed; see `describe`.

    Attributes
    ----------
    calls : int
        Number of points in the file, as far as this process knows.
    """

    def __init__(self, path, description):
        self.path, self.description, self.calls = Path(path), description, 0

    def restore(self):
        """What the file has, as `Kept`.

        Raises
        ------
        ValueError
            If the file is damaged, is none of ours, or is that of another model.
        """
        try:
            content = unseal(self.path, self.remedy())
            with h5py.File(BytesIO(content)) as file:
                then = json.loads(file[GROUP]["description"].asstr()[()])
                self.calls = int(file["sampler"].attrs["n_like"])
                kept = Kept(content, file[GROUP]["failed"][()],
                            json.loads(file[GROUP]["reasons"].asstr()[()]))
        except (OSError, KeyError, RuntimeError, json.JSONDecodeError) as error:
            raise Damaged(self.path, error, self.remedy()) from error
        if changes := list(differences(then, self.description)):
            raise ValueError(f"{self.path} is the checkpoint of another model: {'; '.join(changes)}. Go "
                             "back to that, or choose another output; --force deletes it.")
        return kept

    def publish(self, state, calls, rejected):
        """Let this be the new checkpoint.

        Parameters
        ----------
        state : bytes
            The file of nautilus.
        calls : int
            Number of points in it.
        rejected : sidr.samplers.rejected.Rejected
        """
        content = BytesIO(state)
        with h5py.File(content, "r+") as file:
            file.pop(GROUP, None)
            group = file.create_group(GROUP)
            group["description"], group["reasons"] = map(
                json.dumps, (self.description, rejected.reasons))
            group["failed"] = rejected.points
        with replacing(self.path) as new:
            Path(new).write_bytes(seal(content.getvalue()))
        self.calls = calls

    def remedy(self):
        """What to do about a file that cannot be used."""
        samples = self.path.with_name(self.path.name.replace("nautilus.h5", "1.txt"))
        rows = sum(1 for _ in samples.open()) - 1 if samples.exists() else 0
        return ("the run cannot be resumed from it. "
                + (f"The {rows} samples of its last output are in {samples}: copy them. " if rows else "")
                + "--force begins again")


class Infos:
    """Cobaya's files about a run, .input.yaml and .updated.yaml.

    `cobaya-run --force` removes them before it finds that the output is locked by a run.

    Parameters
    ----------
    output : cobaya.output.Output
    """

    def __init__(self, output):
        paths = map(Path, (output.file_input, output.file_updated, output.dump_file_updated))
        self.content = {path: path.read_bytes() for path in paths if path.exists()}

    def restore(self):
        """Write those again that are not there any more.

        Returns
        -------
        list of Path
        """
        missing = [path for path in self.content if not path.exists()]
        for path in missing:
            with replacing(path) as new:
                Path(new).write_bytes(self.content[path])
        return missing


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
        Nested, with what JSON can hold.
    """
    components = {"theory": model.theory, "likelihood": model.likelihood}
    description = {
        "order of parameters": list(model.parameterization.sampled_params()),
        "order of columns": [*model.parameterization.derived_params(), *model.prior, *model.likelihood,
                             "outside_by"],
        **{kind: relevant(model.info().get(kind), components.get(kind, {}))
           for kind in ("params", "prior", "theory", "likelihood")},
        "sampler": options}
    return json.loads(json.dumps(description, default=plain))


def plain(value):
    """What JSON can hold of a value: the numbers of an array, the name of a function."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return getattr(value, "__qualname__", type(value).__qualname__)


def relevant(block, components):
    """The options in a block of Cobaya's input that matter."""
    def ignored(name):
        return IRRELEVANT.union(getattr(components.get(name), "_at_resume_prefer_new", ()))

    return {name: {key: value for key, value in options.items() if key not in ignored(name)}
            if isinstance(options, dict) else options for name, options in (block or {}).items()}


def differences(then, now, path=()):
    """Iterator over what differs between two nested dictionaries, as texts."""
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
