"""What the files of a run say besides its samples: Cobaya's input, and the evidence."""

import math
from pathlib import Path

from getdist.cobaya_interface import get_sampler_type

from sidr import yaml


def read_info(path):
    """Input of a run, or its updated input, as Cobaya has written it.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    dict
        It has blocks `params` and `likelihood`; its blocks are dictionaries, and options in `theory` and
        `sampler` too. With `sidr.yaml.Opaque` for what only code could construct.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is none of Cobaya.
    """
    info = yaml.load_file(path)
    for name in ("params", "likelihood", "theory", "sampler"):
        block = info.get(name) if isinstance(info, dict) else None
        if not isinstance(block, dict) and (name in ("params", "likelihood") or block is not None):
            raise ValueError(f"{path}: there is no block `{name}`")
        if not all(isinstance(key, str) for key in block or ()):
            raise ValueError(f"{path}: the block `{name}` has a name that is no text")
        if any(not isinstance(options, dict | None) for options in (block or {}).values()
               if name in ("theory", "sampler")):
            raise ValueError(f"{path}: the block `{name}` is not one of Cobaya")
    if not isinstance(info.get("packages_path"), str | None):
        raise ValueError(f"{path}: packages_path is no text")
    return info


def read_evidence(root):
    """log Z of a run.

    Parameters
    ----------
    root : path-like

    Returns
    -------
    evidence : dict
        Content of ROOT.logZ with finite `logZ` and `logZstd`; empty without such a file. `split` is left
        out if it cannot be read.
    complaints : list of str
    """
    path = Path(f"{root}.logZ")
    if not path.exists():
        return {}, []
    try:
        evidence = yaml.load_file(path)
        logZ, error = evidence["logZ"], evidence["logZstd"]
        if not (math.isfinite(logZ) and math.isfinite(error)):
            return {}, [f"{path} has log Z = {logZ} +/- {error}, which is no number: it is not used."]
    except (OSError, ValueError, TypeError, LookupError, OverflowError) as error:
        return {}, [f"{path} cannot be read ({problem(error, path)}): its log Z is not used."]
    wanted = ("logZ", "logZstd", "fraction", "fraction_std")
    try:
        for regions in evidence.get("split", {}).values():
            for region in regions:
                _ = [None if region[end] is None else float(region[end]) for end in ("min", "max")]
                _ = [float(region[name]) for name in wanted]
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        del evidence["split"]
        return evidence, [f"{path}: its modes cannot be read ({why(error)})."]
    return evidence, []


def problem(error, path):
    """What is wrong with a file, without its name, which the sentence around has."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, LookupError):
        return f"it has no {why(error)}"
    return why(error).removeprefix(f"{path} cannot be read: ").removeprefix(f"{path}: ")


def why(error):
    """The first line of an error's message, or its type."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip(" .")


def is_nested(info):
    """Whether a run is one of nested sampling, whose samples have no burn-in."""
    samplers = {name: options or {} for name, options in (info.get("sampler") or {"mcmc": {}}).items()}
    return get_sampler_type({"sampler": samplers}) == "nested"
