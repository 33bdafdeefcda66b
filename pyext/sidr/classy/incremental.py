"""Recompute what a change of parameters has touched, and nothing else.

Upstream's `Class` starts from the input file whenever a parameter or the wanted level changes. Here the
perturbations and all before them are kept when nothing but the primordial spectrum has changed. The
spectra do not depend on whether something was kept, to the last bit.
"""

from sidr.classy import _classy
from sidr.classy._levels import Levels

#: What input.c reads in input_read_parameters_primordial() only, for a spectrum of type analytic_Pk.
PRIMORDIAL_INPUTS = frozenset({"A_s", "ln_A_s_1e10", "ln10^{10}A_s", "n_s", "alpha_s", "k_pivot"})

#: Inputs that CLASS turns into an A_s before it reads the others, by computing a whole cosmology.
AMPLITUDES_BY_SHOOTING = frozenset({"sigma8", "S8"})

LEVELS = tuple(_classy.Class._levellist)
BEFORE_SPECTRUM = frozenset(LEVELS[:LEVELS.index("primordial")])


class IncrementalClass(_classy.Class):
    """The `Class` of classy, whose `compute` keeps what has not changed."""

    _inputs = None   # text of the parameters that the structures belong to; None if there is no such thing
    _current = False  # whether these are the parameters that are set

    def set(self, *pars, **kwargs):
        changed = super().set(*pars, **kwargs)
        if changed:
            self._current = False
        return changed

    def empty(self):
        super().empty()
        self._current = False

    def compute(self, level=("distortions",)):
        """As upstream; levels whose inputs are those of the last time are kept.

        Parameters
        ----------
        level : str or list of str
            Levels that are wanted, with all before them.

        Raises
        ------
        CosmoSevereError
            If CLASS does not understand a parameter.
        CosmoComputationError
            If it cannot compute this cosmology.
        """
        wanted = self._check_task_dependency(level)
        if self._current and wanted <= self._computed_levels:
            return
        before, now = self._inputs, {name.strip(): str(value).strip() for name, value in self.pars.items()}
        self._inputs = None  # until all is done: an interrupt would leave a mixture
        if not self._update(wanted, before, now):
            self.struct_cleanup()
            super().compute(level)
        self._inputs, self._current = now, True

    def compute_transfers(self):
        """Compute all that `compute` would, but for what depends on the primordial spectrum.

        A `compute` that follows costs little, whatever values the primordial parameters have by then:
        those that it will have must be set here already, to any value that can be read.
        """
        self.compute(["perturbations"])
        levels = Levels(self)
        if levels.transfer_is_linear and "transfer" not in self._computed_levels:
            self._compute_levels(levels, ["transfer"])

    def _update(self, wanted, before, now):
        """Bring the structures from the inputs `before` to those of `now`; False if this is not possible.

        Whatever goes wrong on the way, a computation from the start will say.
        """
        computed = self._computed_levels
        if not before or not computed >= BEFORE_SPECTRUM:
            return False
        changed = {name for name, _ in before.items() ^ now.items()}
        levels = Levels(self)
        if changed and not may_keep(levels, changed, before, now):
            return False
        try:
            if changed:
                self._change_spectrum(levels)
            self._compute_levels(levels, [x for x in LEVELS if x in wanted and x not in computed])
        except _classy.CosmoComputationError:
            return False
        return True

    def _change_spectrum(self, levels):
        """Read the primordial parameters and redo the levels, of those computed, that depend on them."""
        computed = self._computed_levels
        again = computed - BEFORE_SPECTRUM - {"transfer"}
        update_lensing = "transfer" in computed and not levels.transfer_is_linear
        if update_lensing and not levels.only_lensing_is_nonlinear:
            again.add("transfer")
            update_lensing = False
        for level in reversed(LEVELS):
            if level in again:
                levels.free(level)
                computed.discard(level)
        levels.read_primordial()
        for level in LEVELS:
            if level in again:
                self._compute_levels(levels, [level])
            elif level == "transfer" and update_lensing:
                levels.renew_lensing_transfer()

    def _compute_levels(self, levels, names):
        for level in names:
            levels.compute(level)
            self._computed_levels.add(level)


def may_keep(levels, changed, before, now):
    """Whether a change from the inputs `before` to `now` leaves all but the primordial spectrum.

    Parameters
    ----------
    levels : Levels
        Of the instance that has computed `before`.
    changed : set of str
        Names of the inputs that differ.
    before, now : dict of str
        Text of all inputs by name.

    Returns
    -------
    bool
    """
    return (changed <= PRIMORDIAL_INPUTS
            # A parameter that comes or goes changes which other ones CLASS accepts.
            and before.keys() == now.keys()
            and not AMPLITUDES_BY_SHOOTING & now.keys()
            and levels.spectrum_is_analytic
            and not levels.distortions_are_wanted)
