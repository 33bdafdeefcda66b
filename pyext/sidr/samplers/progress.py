"""How far a run of nautilus is: a bar on a terminal, lines in the log, a file."""

import time
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from scipy.stats import chi2
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from sidr.files import replacing

COLUMNS = ("N", "timestamp", "bounds", "f_live", "ESS", "logZ")


class Progress:
    """Bar, log and file of a run; a context.

    Parameters
    ----------
    nautilus : nautilus.Sampler
    log : logging.Logger
    log_volume : float
        To be added to nautilus's ln Z.
    n_eff, f_live, discard_exploration
        Options of the run.
    every : float
        Seconds between two lines of the log.
    path : str or None
        File that takes a line after each batch.
    """

    def __init__(self, nautilus, log, log_volume, n_eff, f_live, discard_exploration, every, path):
        self.nautilus, self.log, self.log_volume = nautilus, log, log_volume
        self.goal, self.every, self.path = (n_eff, f_live, discard_exploration), every, path
        self.said = -np.inf

    def __enter__(self):
        self.start, self.first = time.monotonic(), self.nautilus.n_like
        self.exploring, self.begun = not self.nautilus.explored, False
        self.stack = ExitStack()
        self.stack.enter_context(logging_redirect_tqdm())
        self.bar = self.stack.enter_context(tqdm(initial=self.first, unit="call", disable=None,
                                                 dynamic_ncols=True, smoothing=0.02))
        return self

    def __exit__(self, *error):
        self.stack.__exit__(*error)

    def _begin_file(self):
        """The head of the file, and the lines before this run but for one that has been cut."""
        head = "# " + " ".join(name.rjust(15) for name in COLUMNS) + "\n"
        lines = Path(self.path).read_text() if self.first and Path(self.path).exists() else head
        with replacing(self.path) as new:
            Path(new).write_text(lines[:lines.rfind("\n") + 1])
        self.begun = True

    def tick(self):
        """One point more."""
        self.bar.update()

    def batch(self):
        """One batch more.

        Returns
        -------
        bool
            Whether the last line of the log is so long ago that this one got a line.
        """
        nautilus, left = self.nautilus, calls_left(self.nautilus, *self.goal)
        logZ = np.nan if nautilus.log_z is None else nautilus.log_z + self.log_volume
        if not logZ > -1e9:     # no point has a likelihood yet, or none after the exploration
            logZ = np.nan
        state = f"log Z = {logZ:.2f}, ESS = {nautilus.n_eff:.0f} of {self.goal[0]:g}"
        if np.isnan(logZ):
            state = "log Z not known yet"
        if left is not None:
            self.bar.total = nautilus.n_like + left
        self.bar.set_postfix_str(state)
        if self.path:
            if not self.begun:
                self._begin_file()
            values = (nautilus.n_like, datetime.now().isoformat(timespec="seconds"), len(nautilus.bounds),
                      nautilus.f_live or np.nan, nautilus.n_eff, logZ)
            with open(self.path, "a") as file:
                file.write("  " + " ".join(f"{v:.6g}".rjust(15) if not isinstance(v, str) else v.rjust(15)
                                           for v in values) + "\n")
        if nautilus.explored and self.exploring:
            self.exploring = False
            self.log.info("The exploration has ended after %d calls. Its points %s", nautilus.n_like,
                          "are left out from now on (discard_exploration)." if self.goal[2] else "count.")
        if due := time.monotonic() - self.said > self.every:
            self.said = time.monotonic()
            self.log.info("%s: %d calls, %d bounds, %s; %s",
                          "Sampling" if nautilus.explored else "Exploring", nautilus.n_like,
                          len(nautilus.bounds), state, self.remaining(left))
        return due

    def remaining(self, calls):
        """What to say of the calls that are left, and the time that they take."""
        if calls is None:
            return "time left not known yet"
        speed = (self.nautilus.n_like - self.first) / (time.monotonic() - self.start)
        return f"about {calls:.0f} calls, {timedelta(seconds=round(calls / speed))} left"


def calls_left(nautilus, n_eff, f_live, discard_exploration):
    r"""Estimate of the likelihood calls until the end.

    While nautilus explores: if the live points fill, in d dimensions, a ball of radius R standard
    deviations around a Gaussian peak, the standard deviation of their ln L is
    :math:`R^2 \sqrt{d/(d+4)}\,/\,(d+2)`. Exploration ends when they hold the part `f_live` of the
    evidence, at the R where :math:`P(\chi^2_d < R^2)` is that, an e-fold of volume each :math:`d \ln R`
    on; an e-fold costs what it has cost until now. Several peaks alike change nothing. Afterwards, until
    each shell has points that say more, each call is taken for an effective sample, which is nearly so.

    Parameters
    ----------
    nautilus : nautilus.Sampler
    n_eff : float
        Effective sample size to be reached.
    f_live : float
        Part of the evidence in the live points at which the exploration ends.
    discard_exploration : bool
        Whether the points of the exploration do not count in the end.

    Returns
    -------
    float or None
        None while there is no estimate.
    """
    if nautilus.explored:
        left = max(0.0, n_eff - nautilus.n_eff)
        if nautilus.shell_n.all():
            with np.errstate(invalid="ignore", divide="ignore"):  # shells without a likelihood
                left /= nautilus.eta
        return left if np.isfinite(left) else None
    d = nautilus.n_dim
    live = np.sort(np.concatenate(nautilus.log_l))[-nautilus.n_live:]
    log_v = nautilus.log_v_live
    if len(live) < nautilus.n_live or not live[0] > -1e9 or log_v >= 0:     # some have no likelihood yet
        return None
    R2 = live.std() * (d + 2) * np.sqrt((d + 4) / d)
    e_folds = max(0.0, d / 2 * np.log(R2 / chi2.ppf(f_live, d)))
    have = 0 if discard_exploration else nautilus.n_eff
    return e_folds * nautilus.n_like / -log_v + max(0.0, n_eff - have)
