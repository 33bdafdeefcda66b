"""The state of an integration in a file, from which it is resumed after a kill."""

import time
from pathlib import Path

import numpy as np

from sidr.files import read_npz, replacing

from .integrator import Point


class Checkpoint:
    """File with the points of a solution so far.

    Parameters
    ----------
    path : path or None
        Name of the file; without, nothing is written.
    description : str
        What must be the same when the integration is resumed.
    """

    #: Seconds between two versions of the file
    every = 10.0

    def __init__(self, path, description):
        self.path = None if path is None else Path(path)
        self.description = description
        self.written = time.monotonic()

    def restore(self):
        """The last point and the history so far, or None if there is no file.

        Returns
        -------
        tuple of Point and list of ndarray

        Raises
        ------
        ValueError
            If the file is broken or that of another solution.
        """
        if self.path is None or not self.path.exists():
            return None
        file = read_npz(self.path, ("description", "s", "y", "step", "history"))
        description = str(file["description"])
        if description != self.description:
            raise ValueError(f"{self.path} is the checkpoint of another solution: {description} and not "
                             f"{self.description}; remove it, or name another.")
        return Point(float(file["s"]), file["y"], float(file["step"])), list(file["history"])

    def update(self, point, history):
        """Write the file again, if the last version is old enough."""
        if self.path is None or time.monotonic() - self.written < self.every:
            return
        with replacing(self.path) as new, open(new, "wb") as file:
            np.savez(file, description=self.description, s=point.s, y=point.y, step=point.step,
                     history=np.array(history))
        self.written = time.monotonic()

    def remove(self):
        """Remove the file, at the end."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
