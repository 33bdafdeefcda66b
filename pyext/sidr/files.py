"""Files that are whole after a kill, a full disk or a power cut, and damage that does not go unseen.

A file is either replaced in one step (`replacing`), or a table of text that grows by rows (`Rows`). npz
files have a checksum of each array, which `read_npz` looks at; other files can be sealed with one (`seal`,
`unseal`), and so is each row of a table.
"""

import os
import zipfile
import zlib
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np

from sidr.pools import parts


class Damaged(ValueError):
    """A file that is not as it was written."""

    def __init__(self, path, why, remedy):
        super().__init__(f"{path} is damaged ({why}): {remedy}.")


@contextmanager
def replacing(path):
    """A name beside `path` for a new version of it, which takes its place at the end of the block.

    It has the number of this process, so that two may write the same file: the later one stays. It ends in
    .new, so that what a kill has left of it is taken for nothing else. After an error in the block the old
    version stays, and nothing else.

    Parameters
    ----------
    path : path-like

    Yields
    ------
    str
    """
    path = Path(path)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        yield str(new)
        sync(new)
        os.replace(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path):
    """Wait until a file, or the names in a folder, are on the disk: a power cut does not undo them."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# npz

def read_npz(path, names=(), remedy="remove it"):
    """The arrays of an npz file, with their checksums verified.

    Parameters
    ----------
    path : path-like
    names : sequence of str
        Arrays that it must have.
    remedy : str
        What to do about a damaged file, for the message.

    Returns
    -------
    dict of ndarray

    Raises
    ------
    OSError
        If there is no such file.
    Damaged
        If a checksum is wrong, an array is missing, or it is no npz file.
    """
    content = Path(path).read_bytes()
    try:
        with zipfile.ZipFile(BytesIO(content)) as file:
            arrays = {name.removesuffix(".npy"): np.lib.format.read_array(BytesIO(file.read(name)))
                      for name in file.namelist()}
    except (EOFError, NotImplementedError, OSError, RuntimeError, ValueError, zipfile.BadZipFile,
            zlib.error) as error:
        raise Damaged(path, error, remedy) from error
    if missing := set(names) - arrays.keys():
        raise Damaged(path, f"it has no {', '.join(sorted(missing))}", remedy)
    return arrays


# Other files

def checksum(content):
    """CRC-32 of bytes, as text."""
    return f"{zlib.crc32(content):08x}"


def seal(content):
    """Bytes with their checksum at the end."""
    return content + f"\ncrc32 {checksum(content)}\n".encode()


def unseal(path, remedy="remove it"):
    """The content of a file that was written by `seal`.

    Raises
    ------
    OSError
        If there is no such file.
    Damaged
        If it has changed since, or was not.
    """
    sealed = Path(path).read_bytes()
    content = sealed[:-len(seal(b""))]
    if sealed != seal(content):
        raise Damaged(path, "its checksum is wrong or missing", remedy)
    return content


# Tables that grow

class Rows:
    """Text file with a row for each result, which is on the disk before the next one is computed.

    Each row ends with its checksum; the first line tells what is in the file.

    Parameters
    ----------
    path : path-like
    head : str or None
        First line, without a newline; None to read whatever there is.
    part : sidr.pools.Part, optional
        Append to a file beside it, that of this part; reading has both. Without a part, `begin` takes in
        what parts have saved.

    Raises
    ------
    Damaged
        If a row is not as it was written.
    ValueError
        If the file has another head.
    """

    def __init__(self, path, head, part=None):
        self.path, self.head, self.part = Path(path), head, part
        self._own = part.path(path) if part else self.path

    def read(self):
        """The rows, each a list of words; without one that a kill has cut, and none if there is no file."""
        return self._read(self.path) + (self._read(self._own) if self.part else [])

    def _read(self, path):
        text = path.read_text(errors="replace") if path.exists() else ""
        first, *lines = text.split("\n")
        if text and self.head not in (None, first):
            raise ValueError(f"{path} begins with `{first}`, not with `{self.head}`: remove it, or "
                             "take another file.")
        rows = [line.rpartition(" ") for line in lines[:-1]]    # the last line is empty, or cut
        for number, (row, _, seen) in enumerate(rows, 2):
            if checksum(row.encode()) != seen:
                raise Damaged(path, f"line {number}", "remove this line, and it is computed again")
        return [row.split() for row, _, _ in rows]

    def begin(self):
        """The rows; afterwards the file has no cut line, and rows can be appended."""
        saved = [] if self.part else parts(self.path)
        own = self._read(self._own)
        own += [row for path in saved for row in self._read(path) if row not in own]
        with replacing(self._own) as new:
            Path(new).write_text("".join([f"{self.head}\n", *map(self._line, own)]))
        for path in saved:
            path.unlink()
        return self.read()

    def append(self, row):
        """Add a row, a sequence of words."""
        with open(self._own, "a") as file:
            file.write(self._line(row))
            file.flush()
            os.fsync(file.fileno())

    @staticmethod
    def _line(words):
        row = " ".join(map(str, words))
        return f"{row} {checksum(row.encode())}\n"
