"""What the exact model changes: a nested dictionary, and the same as text."""

import numpy as np

from sidr import plots
from sidr.samplers.evidence import effective_size

from . import importance

#: With fewer effective samples there are no limits
ENOUGH = 100


def summarise(run, points, draws, reweighting):
    """The result of a reweighting.

    Parameters
    ----------
    run : Run
    points : Points
    draws : Draws
    reweighting : Reweighting

    Returns
    -------
    dict
        ``delta_chi2`` is that of the exact model minus that of the run, over the posterior of the run; in
        ``params``, shifts are in units of the run's ``sigma``. ``of_the_run`` are parameters that the exact
        model does not compute: the weights alone shift them. ``undefined`` has the number of points at
        which the exact model has no finite value of a parameter, which has no shifts then; refused points
        do not count. What ends in ``_std`` is the error from the number of draws; the run's own is not in
        it.
    """
    refused = np.isneginf(points.logpost)
    names = list(points.model.parameterization.sampled_params())
    params = plots.main_params(run.samples)
    undefined = {name: int(count) for name in params if (values := points.values(name)) is not None
                 and (count := (~np.isfinite(values) & ~refused).sum())}
    return {
        "run": str(run.root), "theory": list(points.model.info()["theory"] or {}),
        "likelihood": list(points.model.likelihood),
        "draws": int(draws.count.sum()), "points": len(refused),
        "effective_size": {"drawn": float(effective_size(draws.weight)),
                           "exact": float(effective_size(reweighting.q))},
        "largest_weight": float(reweighting.q.max() / reweighting.q.sum()),
        "logZ": log_Z(run, reweighting), "delta_chi2": delta_chi2(reweighting),
        "modes": {name: modes(run, name, draws, reweighting) for name in run.split_at},
        "params": {name: shifts(run, name, points, draws, reweighting)
                   for name in params if name not in undefined},
        "of_the_run": [name for name in params if points.values(name) is None], "undefined": undefined,
        "refused": [dict(zip(names, point, strict=True)) for point in points.sampled[refused].tolist()]}


def log_Z(run, reweighting):
    """ln Z exact - ln Z of the run; with the run's own, if it has one, ln Z exact."""
    correction, error = reweighting.log_Z()
    result = {"correction": correction, "correction_std": error}
    if own := run.evidence:
        result |= {"run": own["logZ"], "run_std": own["logZstd"], "exact": own["logZ"] + correction,
                   "exact_std": float(np.hypot(own["logZstd"], error))}
    return result


def delta_chi2(reweighting, inside=True):
    """Mean of the difference of -2 ln of the posteriors, and its rms around the mean."""
    finite = inside & (reweighting.ratio > 0)
    delta = np.zeros(len(finite))
    delta[finite] = -2 * (np.log(reweighting.ratio[finite]) + reweighting.log_scale)

    def mean(p, _):
        return importance.mean(delta, p * finite)

    def rms(p, _):
        return np.sqrt(importance.mean((delta - mean(p, _)[..., None])**2, p * finite))

    result = {"points": int(finite.sum())}
    for name, statistic in (("mean", mean), ("rms", rms)):
        result[name], result[f"{name}_std"] = reweighting.estimate(statistic)
    return result


def modes(run, name, draws, reweighting):
    """For each region of a parameter: its posterior fraction, and what the exact model changes."""
    regions, limits = run.regions(name), [None, *run.split_at[name], None]
    weights = run.samples.weights / run.samples.weights.sum()
    result = []
    for region, (low, high) in enumerate(zip(limits, limits[1:], strict=False)):
        inside = regions[draws.index] == region
        if not inside.any():
            continue
        exact, error = reweighting.estimate(lambda _, q, inside=inside: q @ inside / q.sum(axis=-1))
        correction, correction_std = reweighting.log_Z(inside)
        result.append({"min": low, "max": high, "run": float(weights[regions == region].sum()),
                       "exact": exact, "exact_std": error,
                       "logZ_correction": correction, "logZ_correction_std": correction_std,
                       "delta_chi2": delta_chi2(reweighting, inside)})
    return result


def shifts(run, name, points, draws, reweighting):
    """Mean and 95% limits of a parameter in the run, and how far the exact ones are from there."""
    samples, weights = run.samples[name], run.samples.weights
    mean = np.average(samples, weights=weights)
    sigma = np.sqrt(np.average((samples - mean)**2, weights=weights))
    then, now = samples[draws.index], points.values(name)
    # A point that the exact model has refused has the weight 0, and no value.
    now = then if now is None else np.where(np.isfinite(points.logpost), now, then)

    def shifted(value, shift):
        shift, error = reweighting.estimate(shift)
        return {"run": float(value), "shift": shift / sigma, "shift_std": error / sigma}

    def limit(level):
        value = importance.quantile(samples, weights, level)
        exact = importance.exact_quantile(samples, weights, then, now, level)
        return {"level": level, **shifted(value, lambda p, q: exact(p, q) - value)}

    # The same points twice: what the draw has by chance is not in the difference.
    return {"sigma": float(sigma),
            "mean": shifted(mean, lambda p, q: importance.mean(now, q) - importance.mean(then, p)),
            "limits": [limit(level) for level in limit_levels(run.samples, name)]}


def limit_levels(samples, name):
    """Quantiles that limit 95% of the posterior, one if it has one tail."""
    limit = samples.getMargeStats().parWithName(name).limits[1]
    if limit.onetail_upper:
        return [0.95]
    return [0.05] if limit.onetail_lower else [0.025, 0.975]


def text(result):
    """The summary of `summarise` as text."""
    size, logZ = result["effective_size"], result["logZ"]
    lines = [f"{result['run']}: {result['draws']} draws, {result['points']} points, computed with",
             "  " + ", ".join(result["theory"] + result["likelihood"]),
             f"effective size {size['exact']:.0f} of {size['drawn']:.0f}, largest weight "
             f"{result['largest_weight']:.1%}"]
    if size["exact"] < ENOUGH:
        lines[-1] += ": NOT ENOUGH for limits"
    if result["refused"]:
        lines += [f"{len(result['refused'])} points cannot be computed, and count as impossible:"]
        lines += ["  " + ", ".join(f"{name} = {x:g}" for name, x in point.items())
                  for point in result["refused"]]
    lines += ["", f"log Z: {logZ['correction']:+.3f} +/- {logZ['correction_std']:.3f}"]
    if "exact" in logZ:
        lines[-1] += (f", from {logZ['run']:.3f} +/- {logZ['run_std']:.3f} to {logZ['exact']:.3f} +/- "
                      f"{logZ['exact_std']:.3f}")
    lines += ["chi2 exact - run: " + chi2_text(result["delta_chi2"])]
    for name, regions in result["modes"].items():
        for r in regions:
            bounds = ["" if r[end] is None else f"{r[end]:g}" for end in ("min", "max")]
            lines += [" < ".join(filter(None, (bounds[0], name, bounds[1]))) + ":",
                      f"  posterior fraction: {r['run']:.4f} in the run, {r['exact']:.4f} +/- "
                      f"{r['exact_std']:.4f} exact",
                      f"  log Z: {r['logZ_correction']:+.3f} +/- {r['logZ_correction_std']:.3f}",
                      f"  chi2 exact - run: {chi2_text(r['delta_chi2'])}"]
    rows = [("", "", "run", "exact", "shift/sigma")]
    for name, param in result["params"].items():
        digits = plots.decimals(param["sigma"]) + 1
        rows += [(name, "mean", *shift_texts(param["mean"], param["sigma"], digits))]
        rows += [("", f"{limit['level']:.1%}", *shift_texts(limit, param["sigma"], digits))
                 for limit in param["limits"]]
    notes = [f"{name}: not computed by the exact model; these are the values of the run with new weights."
             for name in result["of_the_run"]]
    notes += [f"{name}: not finite at {count} of the possible points; no mean and no limits."
              for name, count in result["undefined"].items()]
    return "\n".join([*lines, "", *plots.aligned(rows), *notes])


def chi2_text(delta):
    return (f"mean {delta['mean']:+.3f} +/- {delta['mean_std']:.3f}, rms {delta['rms']:.3f} +/- "
            f"{delta['rms_std']:.3f}, {delta['points']} points")


def shift_texts(x, sigma, digits):
    """A number of the run, the exact one, and the shift between them."""
    return (f"{x['run']:.{digits}f}", f"{x['run'] + x['shift'] * sigma:.{digits}f}",
            f"{x['shift']:+.3f} +/- {x['shift_std']:.3f}")
