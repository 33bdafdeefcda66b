"""The exact model of a run: what stands for an emulated theory, and for compressed likelihoods."""

import logging

from cobaya.component import get_component_class
from cobaya.log import get_logger
from cobaya.model import get_model
from cobaya.tools import VersionCheckError, resolve_packages_path

from sidr import precision
from sidr.theory import SIDR

from .trust import check

#: Theories that approximate, and what is exact: it takes over the options that it has itself.
THEORIES = {"sidr.theory.SIDREmulator": "sidr.theory.SIDR", "sidr.theory.SIDR": "sidr.theory.SIDR"}

#: Options of the exact theory, whatever the run has; extra_args loses the settings that `precision` makes
EXACT = {"precision": "planck", "stop_at_error": False}

#: Likelihoods that approximate, and what they stand for
LIKELIHOODS = {"sidr.likelihoods.PlanckCompressed": (
    "planck_2018_lowl.TT", "planck_2018_lowl.EE", "planck_2018_highl_plik.TTTEEE_lite_native",
    "planck_2018_lensing.native")}

#: What Cobaya notes about a component: no options
NOTES = {"input_params", "output_params", "params", "version"}

#: Options of a theory that mean nothing to another one
OWN = {"path", "python_path", "renames", "speed"}


def exact_model(run, override, packages_path=None, trust=False):
    """Cobaya's model with the exact theory and the full likelihoods.

    Parameters
    ----------
    run : Run
    override : dict
        See `sidr.reweight.reweight`.
    packages_path : str or None
    trust : bool
        Whether code in the run's input may be executed.

    Returns
    -------
    cobaya.model.Model

    Raises
    ------
    ValueError
        If it needs parameters that the run has not sampled, if `override` has another block, or if the
        run's input has code and `trust` is not set.
    LoggedError
        From Cobaya.
    """
    if unknown := override.keys() - {"theory", "likelihood", "params"}:
        raise ValueError(f"The exact model has a block {', '.join(sorted(unknown))}; it can have theory, "
                         "likelihood and params.")
    folder = packages_path or resolve_packages_path(run.info)
    theirs = {
        "theory": exact_theory(run.info.get("theory") or {}),
        "likelihood": full_likelihoods(run.info["likelihood"], folder),
        # Cobaya adds the chi2 of the new likelihoods by itself.
        "params": {name: param for name, param in run.info["params"].items()
                   if not name.startswith("chi2__")},
        "prior": run.info.get("prior"), "packages_path": run.info.get("packages_path")}
    override = {kind: block for kind, block in override.items() if block}
    params = override.pop("params", {})
    theirs = {kind: block for kind, block in theirs.items() if kind not in override}
    theirs["params"] = {name: param for name, param in theirs["params"].items() if name not in params}
    check(str(run.root), theirs, packages_path, trust)
    model = get_model(theirs | override | {
        "params": theirs["params"] | params, "packages_path": folder, "debug": logging.WARNING})
    names = run.samples.getParamNames()
    if missing := [name for name in model.parameterization.sampled_params() if not names.hasParam(name)]:
        raise ValueError(f"The exact model samples {', '.join(missing)}, which {run.root} has not: give a "
                         "value, or take another model, with --theory.")
    return model


def exact_theory(theories):
    """The block `theory` of the exact model, for that of a run."""
    block = {}
    for name, options in theories.items():
        options = {key: value for key, value in (options or {}).items() if key not in NOTES}
        if name in THEORIES:
            shared = SIDR.get_defaults().keys() - OWN
            options = {key: value for key, value in options.items() if key in shared and value is not None}
            given = options.get("extra_args") or {}
            options |= EXACT | {"extra_args": {key: value for key, value in given.items()
                                               if key not in precision.settings[EXACT["precision"]]}}
        block[THEORIES.get(name, name)] = options
    return block


def full_likelihoods(likelihoods, packages_path):
    """The block `likelihood` of the exact model, for that of a run."""
    block = {}
    for name, options in likelihoods.items():
        options = {"external": options} if isinstance(options, str) else options or {}
        full = LIKELIHOODS.get(name, ())
        missing = [likelihood for likelihood in full if not installed(likelihood, packages_path)]
        if missing:
            get_logger("reweight").warning(
                "%s is kept, with exact spectra: the data of %s are not installed (cobaya-install %s).",
                name, ", ".join(missing), " ".join(missing))
        if full and not missing:
            block |= dict.fromkeys(full)
        else:
            block[name] = {key: value for key, value in options.items() if key not in NOTES}
    return block


def installed(likelihood, packages_path):
    """Whether a likelihood of Cobaya has its data."""
    try:
        return bool(packages_path) and get_component_class(likelihood, kind="likelihood").is_installed(
            path=packages_path, data=True, code=True, show_error=False)
    except VersionCheckError:
        return False
