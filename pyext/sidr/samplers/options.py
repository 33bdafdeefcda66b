"""Options of nested sampling: which values they can have."""

import numpy as np
from cobaya.tools import NumberWithUnits

from sidr.checks import integer, number


def check(sampler):
    """Check them, and read the time with a unit.

    Parameters
    ----------
    sampler : sidr.samplers.Nautilus

    Raises
    ------
    ValueError
        At the first wrong one.
    """
    d = sampler.model.prior.d()
    if d < 2:
        raise ValueError(f"nautilus needs two sampled parameters at least, and there is {d}: take "
                         "Cobaya's mcmc, or a grid.")
    limits = {"n_eff": (1, np.inf), "max_calls": (1, np.inf), "f_live": (1e-6, 0.99),
              "n_live": (d + 50, np.inf), "n_networks": (0, np.inf), "n_batch": (2, np.inf),
              "processes": (1, np.inf), "max_tries": (1, np.inf)}
    reals = ("n_eff", "max_calls", "f_live")
    for name, (low, high) in limits.items():
        value = getattr(sampler, name)
        if value is None and name in ("n_batch", "processes"):
            continue
        (number if name in reals else integer)(name, value, least=low, most=high)
    if not isinstance(sampler.discard_exploration, bool):
        raise ValueError(f"discard_exploration = {sampler.discard_exploration!r} is not True or False.")
    sampler.output_every = NumberWithUnits(sampler.output_every, "s").value
    for name in ("prior_box", "split_at"):
        if not isinstance(getattr(sampler, name), dict | None):
            raise ValueError(f"{name} = {getattr(sampler, name)!r} is not a dictionary of parameters.")
    params = sampler.model.parameterization
    names = [*params.sampled_params(), *params.derived_params()]
    for name, values in (sampler.split_at or {}).items():
        if name not in names:
            raise ValueError(f"split_at: {name} is neither sampled nor derived; there are "
                             f"{', '.join(names)}.")
        values = np.atleast_1d(values)
        if values.dtype.kind not in "if" or not (np.diff(values) > 0).all():
            raise ValueError(f"split_at: {name}: {sampler.split_at[name]!r} is not a number or an "
                             "increasing list of them.")
