"""Write a complete CLASS source tree with the series of patches and our C files in it.

    python class_patch/prepare.py DIR        # then `make class` in DIR

The upstream source is the folder or sdist tarball named by the environment variable
SIDR_CLASS_SOURCE or, without it, the source that the package `classy` installs beside its
extension module. Standard library only: setup.py calls `prepare` in an isolated build.
"""

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
UPSTREAM = HERE / "upstream.toml"
PATCHES = HERE / "patches"
SRC = HERE / "src"

PARTS = ("Makefile", "source", "include", "main", "python", "tools", "external")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
COMPILED = shutil.ignore_patterns(
    "*.so", "*.o", "*.opp", "*.a", "build", "__pycache__", "classy.c*")


class PatchError(RuntimeError):
    """The patched tree could not be written; the message says why and what to do."""


def prepare(directory):
    """Write the patched tree into `directory`, which must be new or empty.

    Raises
    ------
    PatchError
        If there is no upstream source, if it is not the pinned release, if `directory` is not
        empty, if the program `patch` is missing or if a patch does not apply.
    """
    source = find_source()
    with upstream_tree(source) as upstream:
        for name, expected, found in differing_files(upstream):
            raise PatchError(
                f"{name} in {source} is not that of {release()}: sha256 is {found}, expected "
                f"{expected}. Install the unmodified {release()}, or let SIDR_CLASS_SOURCE name "
                "its folder or sdist; class_patch/refresh.py ports the series to another release.")
        copy_tree(upstream, directory)
    for name in series():
        apply_patch(name, directory)
    shutil.copytree(SRC, Path(directory, "external", "sidr"))


def fingerprint(tree):
    """sha256, in hexadecimal, of what decides the numbers: the C code, without comments and blanks."""
    digest = hashlib.sha256()
    for path in sorted(path for path in Path(tree).rglob("*") if path.suffix in {".c", ".h"}
                       and path.relative_to(tree).parts[0] in {"source", "include", "tools", "external"}):
        code = " ".join(COMMENT.sub(" ", path.read_text(errors="replace")).split())
        digest.update(f"{path.relative_to(tree).as_posix()}\n{code}\n".encode())
    return digest.hexdigest()


def find_source():
    """Path of the upstream source: $SIDR_CLASS_SOURCE or the installed `classy`, not imported."""
    if source := os.environ.get("SIDR_CLASS_SOURCE"):
        return Path(source)
    spec = importlib.util.find_spec("classy")
    if spec is None or not spec.submodule_search_locations:
        raise PatchError(f"The source of CLASS was not found: `pip install {release()}`, or let "
                         "SIDR_CLASS_SOURCE name a folder or sdist of that release.")
    return Path(spec.submodule_search_locations[0])


@contextlib.contextmanager
def upstream_tree(source):
    """Folder with CLASS's Makefile, for a `source` that is this folder or a tarball of it."""
    with tempfile.TemporaryDirectory() as unpacked:
        folder = Path(source)
        if folder.is_file() and tarfile.is_tarfile(folder):
            with tarfile.open(folder) as tarball:
                tarball.extractall(unpacked, filter="data")
            folder = next(Path(unpacked).glob("*/Makefile"), Path(unpacked, "Makefile")).parent
        if missing := [part for part in PARTS if not (folder / part).exists()]:
            raise PatchError(f"{source} is not the source of CLASS, neither as a folder nor as a "
                             f"tarball: it lacks {', '.join(missing)}.")
        yield folder


def copy_tree(upstream, directory):
    """Copy the sources and tables of CLASS, without anything compiled."""
    directory = Path(directory)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise PatchError(f"{directory} is not empty: name a new or an empty folder.")
    for part in PARTS:
        if (upstream / part).is_dir():
            shutil.copytree(upstream / part, directory / part, ignore=COMPILED)
        else:
            directory.mkdir(parents=True, exist_ok=True)
            shutil.copy(upstream / part, directory / part)


def differing_files(upstream):
    """Triples (name, expected sha256, found sha256) of the touched files that are not pinned."""
    for name, expected in load_upstream()["sha256"].items():
        path = upstream / name
        found = sha256(path.read_bytes()) if path.is_file() else "that of no file"
        if found != expected:
            yield name, expected, found


def apply_patch(name, directory):
    """Apply one patch of the series without fuzz; return what `patch` printed."""
    # Not `git apply`: inside an ignored folder of a checkout it skips everything and returns 0.
    command = ["patch", "-p1", "--batch", "--forward", "--fuzz=0", "--no-backup-if-mismatch",
               "-i", str(PATCHES / name)]
    try:
        result = subprocess.run(command, cwd=directory, env=os.environ | {"LC_ALL": "C"},
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError as error:
        raise PatchError("The program `patch` is missing: `apt-get install patch`, or the like on "
                         "your system.") from error
    if result.returncode != 0:
        raise PatchError(f"{name} does not apply to {directory}:\n{result.stdout}")
    return result.stdout


def series():
    """Names of the patches, in order."""
    return (PATCHES / "series").read_text().split()


def load_upstream():
    """Contents of upstream.toml."""
    return tomllib.loads(UPSTREAM.read_text())


def release():
    """The pinned release as pip writes it."""
    upstream = load_upstream()
    return f"{upstream['package']}=={upstream['version']}"


def sha256(content):
    """Hexadecimal digest of the content of a file."""
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        prepare(sys.argv[1])
    except PatchError as error:
        sys.exit(f"prepare.py: {error}")
