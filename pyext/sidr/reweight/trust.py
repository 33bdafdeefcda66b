"""What a run's input would execute, before any of it is.

Reading a run never executes it. To compute its posterior again is another matter: Cobaya evaluates
functions that are given as text, and imports what an input names. That is fine for an input of one's own,
and not for a run that somebody else has made. Here arithmetic is told from other code.
"""

import ast
from pathlib import Path

import numpy as np
from cobaya.component import ComponentNotFoundError, get_component_class
from cobaya.likelihoods.base_classes import PlanckClik
from cobaya.tools import resolve_packages_path
from scipy import stats

from sidr.yaml import Opaque

#: Inputs of CLASS from which it makes a command for the shell: primordial.c, distortions.c
COMMANDS = {"command", "sd_branching_approx", "sd_detector_name", "sd_detector_file"}

#: Entries of a parameter that Cobaya takes as words
WORDS = {"latex", "renames", "dist"}

#: What an expression may consist of: numbers and operators, `lambda`, functions of `FUNCTIONS`
ARITHMETIC = (ast.Expression, ast.Lambda, ast.arguments, ast.arg, ast.Load, ast.BinOp, ast.UnaryOp,
              ast.Compare, ast.BoolOp, ast.IfExp, ast.keyword, ast.operator, ast.unaryop, ast.cmpop,
              ast.boolop)

BUILTIN = {"abs", "min", "max"}

#: Methods of the distributions of scipy.stats
DENSITIES = {"pdf", "logpdf", "cdf", "logcdf", "sf", "logsf"}


def code(info, packages_path=None):
    """What of an input is code.

    Parameters
    ----------
    info : dict
        Blocks `theory`, `likelihood`, `params`, `prior` of a run, and its `packages_path`.
    packages_path : str, optional
        Of the user, in place of the run's.

    Returns
    -------
    list of str
        Such as ``likelihood: mine: external: import_module('mine').loglike``.
    """
    found = []
    for kind in ("theory", "likelihood"):
        for name, options in (info.get(kind) or {}).items():
            found += [f"{kind}: {name}{what}" for what in component_code(kind, name, options or {})]
    for kind in ("params", "prior"):
        found += [f"{kind}: {text}" for text in functions(info.get(kind) or {})]
    theirs, own = info.get("packages_path"), resolve_packages_path()
    if theirs and not packages_path and imports_packages(info) and Path(theirs).resolve() != (
            own and Path(own).resolve()):
        found.append(f"packages_path: {theirs} (it can be given with --packages-path)")
    return found


def functions(entries):
    """Texts in the entries of a block, at any level, that are no arithmetic, with the names above them."""
    for name, entry in entries.items():
        if name in WORDS:
            continue
        if isinstance(entry, dict):
            yield from (f"{name}: {text}" for text in functions(entry))
        elif isinstance(entry, str) and not is_arithmetic(entry):
            yield f"{name}: {entry}"


def component_code(kind, name, options):
    """What of a theory or a likelihood is code: what to add to its name."""
    if not isinstance(options, dict):
        return [] if is_arithmetic(options) else [f": {options}"]
    found = [f": {key}: {value}" for key, value in options.items() if isinstance(value, Opaque)]
    external = options.get("external")
    if external is not None:
        if not (isinstance(external, str) and is_arithmetic(external)):
            found.append(f": external: {external}")
    elif not known(options.get("class") or name, kind):
        found.append(" (a class that is neither of sidr nor of Cobaya)")
    found += [f": {key}: {options[key]}" for key in ("path", "python_path")
              if options.get(key) not in (None, "global")]
    extra = options.get("extra_args")
    found += [f": extra_args: {key}: {extra[key]}" for key in (extra if isinstance(extra, dict) else ())
              if key in COMMANDS]
    return list(dict.fromkeys(found))


def known(name, kind):
    """Whether a component is one of sidr or of Cobaya."""
    if not isinstance(name, str) or isinstance(name, Opaque):
        return False
    return name.startswith("sidr.") or internal(name, kind) is not None


def internal(name, kind):
    """Class of a component of Cobaya; None if it has none of this name."""
    try:
        return get_component_class(name, kind, allow_external=False, not_found_level="debug")
    except (ComponentNotFoundError, ImportError, AttributeError):
        return None


def imports_packages(info):
    """Whether a component of Cobaya imports a module from the folder with its data and codes."""
    return any(not name.startswith("sidr.") for name in info.get("theory") or {}) or any(
        issubclass(internal(name, "likelihood") or object, PlanckClik) for name in info["likelihood"])


def is_arithmetic(text):
    """Whether a function that is given as text computes numbers and does nothing else."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    nodes = list(ast.walk(tree))
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    # the names before the dots, and before the brackets, of what is called or a constant
    known = [node.func for node in nodes if isinstance(node, ast.Call) and is_function(node.func)]
    known += [node for node in nodes if isinstance(numpy_s(node), float)]
    known = {id(part) for node in known for part in ast.walk(node)}

    def harmless(node):
        if isinstance(node, ast.Constant):
            return isinstance(node.value, int | float) or id(node) in known
        if isinstance(node, ast.Name):
            return node.id in arguments or id(node) in known
        if isinstance(node, ast.Call):
            return id(node.func) in known or id(node) in known
        return isinstance(node, ARITHMETIC) or id(node) in known

    return (isinstance(tree.body, ast.Lambda) and not isinstance(text, Opaque)
            and not arguments & {"np", "stats", *BUILTIN} and all(map(harmless, nodes)))


def numpy_s(node):
    """What `np.NAME` is; None for another expression."""
    of = getattr(node, "value", None)
    is_numpy = isinstance(node, ast.Attribute) and isinstance(of, ast.Name) and of.id == "np"
    return getattr(np, node.attr, None) if is_numpy else None


def is_function(node):
    """Whether what is called is a function of numbers.

    Of numpy, of ours (`import_module("sidr.MODULE").NAME`), a density of scipy.stats, or abs and the like.
    """
    if isinstance(node, ast.Name):
        return node.id in BUILTIN
    if numpy_s(node) is not None:
        return isinstance(numpy_s(node), np.ufunc) or node.attr in ("where", "clip")
    of = getattr(node, "value", None)
    if isinstance(node, ast.Attribute) and is_ours(of):
        return True
    if not (isinstance(node, ast.Attribute) and node.attr in DENSITIES and isinstance(of, ast.Attribute)
            and isinstance(of.value, ast.Name) and of.value.id == "stats"):
        return False
    return isinstance(getattr(stats, of.attr, None), stats.rv_continuous | stats.rv_discrete)


def is_ours(node):
    """Whether an expression is `import_module("sidr.MODULE")`."""
    match node:
        case ast.Call(ast.Name("import_module"), [ast.Constant(name)], []):
            return str(name).startswith("sidr.")
    return False


def check(root, info, packages_path=None, trust=False):
    """Raise ValueError if an input has code that is not trusted, or that no file can hold.

    Parameters
    ----------
    root : str
        Of the run, for the message.
    info, packages_path
        See `code`.
    trust : bool
        Whether the user says that code in the input may be executed.
    """
    if not trust and (found := code(info, packages_path)):
        raise ValueError(f"The input of {root} has code, which would be executed: {'; '.join(found)}. "
                         "Read it: --trust executes it; --theory takes another theory and likelihood.")
