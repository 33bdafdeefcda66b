"""From which commit something was made, for the files that keep results."""

import subprocess
from pathlib import Path

#: Seconds that git gets
PATIENCE = 10


def commit(file=__file__):
    """The commit of the checkout in which this package is.

    Parameters
    ----------
    file : path-like
        A file of the package.

    Returns
    -------
    str or None
        With `-dirty` if files were changed. None if the package is not run from a checkout, or if git is
        missing or does not answer: this never ends a computation.
    """
    file = Path(file).resolve()

    def git(*arguments):
        return subprocess.run(["git", "-C", str(file.parent), *arguments], capture_output=True, text=True,
                              timeout=PATIENCE, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", file.name)   # an environment may be in a checkout of others
        return git("describe", "--always", "--dirty", "--abbrev=12") or None
    except (OSError, subprocess.SubprocessError):
        return None
