"""nautilus with its file in memory.

nautilus changes its HDF5 file in place, and HDF5 takes the process down where a disk is full. Here the file
is in memory: what reaches the disk are its bytes, in one step.
"""

from io import BytesIO
from unittest.mock import patch
from uuid import uuid4

import h5py
import nautilus


class Memory:
    """Stands for the module h5py: it has one file, in memory.

    Parameters
    ----------
    content : bytes or None
        Of the file.
    """

    def __init__(self, content):
        self.buffer = BytesIO(content)

    def File(self, _, mode):
        """The file, new if the mode is "x"."""
        if mode == "x":
            self.buffer = BytesIO()
        return h5py.File(self.buffer, "w" if mode == "x" else mode)

    def here(self):
        """A context in which nautilus finds it."""
        return patch.object(nautilus.sampler, "h5py", self)


class State(nautilus.Sampler):
    """nautilus.Sampler that keeps its file in memory.

    Parameters
    ----------
    *args
        Of nautilus.Sampler.
    content : bytes or None
        Of the file, to resume from it; empty to begin; None to keep no file.
    **options
        Of nautilus.Sampler.

    Raises
    ------
    OSError, KeyError, RuntimeError, ValueError
        If nautilus does not find in the file what it looks for.
    """

    def __init__(self, *args, content, **options):
        self._memory = Memory(content)
        # nautilus asks whether there is a file with this name
        name = None if content is None else __file__
        with self._memory.here():
            super().__init__(*args, filepath=name, resume=bool(content), **options)

    def write(self, filepath, overwrite=False):
        with self._memory.here():
            super().write(f"{uuid4()}.h5")  # it would remove a file with this name

    def write_shell_update(self, filepath, shell):
        with self._memory.here():
            super().write_shell_update(filepath, shell)

    @property
    def content(self):
        """Bytes of the file."""
        return self._memory.buffer.getvalue()
