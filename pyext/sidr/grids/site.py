"""What a cluster wants of a job, and what each kind of job wants of the cluster: one YAML file."""

import re
from dataclasses import asdict, dataclass, field, fields

from sidr import yaml

#: SLURM's ways to write a time: minutes, minutes:seconds, hours:minutes:seconds, days-hours:minutes:seconds
TIME = re.compile(r"\d+(:\d\d){0,2}|\d+-\d+(:\d\d){0,2}")

MEMORY = re.compile(r"\d+[KMGT]?")


@dataclass(frozen=True)
class Size:
    """What one kind of job asks for."""
    processes: int
    threads: int = 1
    memory: str = "8G"      # of a node
    nodes: int = 1


@dataclass(frozen=True)
class Site:
    """A cluster; chains/site.yaml says what is what.

    Attributes
    ----------
    metropolis, nested : Size
        Chains of Metropolis, and nested sampling, with CLASS.
    emulated : Size
        Both with the emulator: calls of milliseconds, for which more processes would wait for each other.
    finish : Size
        Tables, best fits and report in the end.
    """
    partition: str | None = None
    account: str | None = None
    walltime: str = "24:00:00"
    turns: int = 20
    notice: int = 120
    launcher: str = "mpirun -n {processes}"
    options: list = field(default_factory=list)
    setup: str = ""
    metropolis: Size = Size(4, 4, "16G")
    nested: Size = Size(64, 1, "64G")
    emulated: Size = Size(4, 1, "8G")
    finish: Size = Size(1, 4, "8G")


def read_site(path):
    """The `Site` of a file; what it does not name is as in `Site`.

    Parameters
    ----------
    path : path-like

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it has a name or a value that is none of a site.
    """
    content = yaml.load_file(path)
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise ValueError(f"{path} is not a list of `name: value`.")
    known(path, "", content, Site)
    sizes = {name: size(path, name, content[name]) for name in kinds() if name in content}
    site = Site(**{name: value for name, value in content.items() if value is not None} | sizes)
    check(path, site)
    return site


def kinds():
    """Names of the kinds of jobs."""
    return [entry.name for entry in fields(Site) if entry.type is Size]


def size(path, kind, content):
    """The `Size` of one kind, with defaults for what is not said."""
    if not isinstance(content, dict):
        raise ValueError(f"{path}: {kind} is not a list of `name: value`.")
    known(path, f"{kind}: ", content, Size)
    made = Size(**asdict(getattr(Site, kind)) | content)
    for name in ("processes", "threads", "nodes"):
        positive(path, f"{kind}: {name}", getattr(made, name))
    if not MEMORY.fullmatch(str(made.memory)):
        raise ValueError(f"{path}: {kind}: memory = {made.memory!r} is not a number with K, M, G or T.")
    return made


def known(path, where, content, kind):
    """Raise ValueError for a name that means nothing."""
    names = [entry.name for entry in fields(kind)]
    if unknown := [str(name) for name in content if name not in names]:
        raise ValueError(f"{path}: {where}{', '.join(unknown)}: no such name; there are "
                         f"{', '.join(names)}.")


def positive(path, name, value):
    """Raise ValueError unless a value is a whole number from 1 on."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{path}: {name} = {value!r} is not a whole number from 1 on.")


def check(path, site):
    """Raise ValueError for a value that cannot be right."""
    if not isinstance(site.walltime, str) or not TIME.fullmatch(site.walltime):
        raise ValueError(f"{path}: walltime = {site.walltime!r} is no time of SLURM: write it in quotes, "
                         "as '24:00:00' or '2-12:00:00'.")
    for name in ("turns", "notice"):
        positive(path, name, getattr(site, name))
    if not isinstance(site.options, list) or not all(str(text).startswith("-") for text in site.options):
        raise ValueError(f"{path}: options = {site.options!r} is not a list of options of sbatch.")
    try:
        if site.launcher.format(processes=3) == site.launcher.format(processes=5):
            raise ValueError("it has no {processes}")
    except (AttributeError, LookupError, ValueError) as error:
        raise ValueError(f"{path}: launcher = {site.launcher!r} is not a command such as "
                         f"`mpirun -n {{processes}}` ({error}).") from error
    for name in ("partition", "account", "setup"):
        if not isinstance(getattr(site, name), str | None):
            raise ValueError(f"{path}: {name} = {getattr(site, name)!r} is no text.")
