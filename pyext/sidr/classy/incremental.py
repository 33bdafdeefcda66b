"""Recompute what a change of parameters has touched, and nothing else.

Upstream's `Class` starts from the input file whenever a parameter or the wanted level changes. Here the
perturbations and all before them are kept when nothing but the primordial spectrum has changed, and all but
the lensing when nothing but the factor on the lensing potential has. The spectra do not depend on whether
something was kept, to the last bit.
"""

import numpy as np

from sidr.classy import _classy
from sidr.classy._levels import Levels
from sidr.cores import settle

#: What input.c reads in input_read_parameters_primordial() only, for a spectrum of type analytic_Pk.
PRIMORDIAL_INPUTS = frozenset({"A_s", "ln_A_s_1e10", "ln10^{10}A_s", "n_s", "alpha_s", "k_pivot"})

#: Inputs that CLASS turns into an A_s before it reads the others, by computing a whole cosmology.
AMPLITUDES_BY_SHOOTING = frozenset({"sigma8", "S8"})

LEVELS = tuple(_classy.Class._levellist)
BEFORE_SPECTRUM = frozenset(LEVELS[:LEVELS.index("primordial")])
BEFORE_LENSING = frozenset(LEVELS[:LEVELS.index("lensing")])


class IncrementalClass(_classy.Class):
    """The `Class` of classy, whose `compute` keeps what has not changed.

    Attributes
    ----------
    lensing_factor : ndarray or None
        Factor on C_l^phiphi, which lenses, for each multipole from 0 on; the last one holds for all higher
        ones. To be set, not to be changed in place.
    """

    lensing_factor = None

    _inputs = None   # text of the parameters that the structures belong to; None if there is no such thing
    _current = False  # whether these are the parameters that are set
    _lensed_with = None   # the factor in the structures

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
        self._drop_lensing()
        if self._current and wanted <= self._computed_levels:
            return
        settle()    # CLASS takes all cores of the machine, whoever else has them
        before, now = self._inputs, {name.strip(): str(value).strip() for name, value in self.pars.items()}
        self._inputs = None  # until all is done: an interrupt would leave a mixture
        if not self._update(wanted, before, now):
            self.struct_cleanup()
            self._compute_from_the_start(level, wanted)
        self._inputs, self._current = now, True

    def _drop_lensing(self):
        """Drop the lensing if it is that of another factor."""
        if same(self.lensing_factor, self._lensed_with):
            return
        levels = Levels(self)
        if "lensing" in self._computed_levels:
            levels.free("lensing")
            self._computed_levels.remove("lensing")
        self._scale_lensing(levels)

    def _scale_lensing(self, levels):
        factor = self.lensing_factor
        self._lensed_with = None if factor is None else np.array(factor, dtype=float)   # which C points to
        levels.scale_lensing(self._lensed_with)

    def _compute_from_the_start(self, level, wanted):
        if self.lensing_factor is None:
            super().compute(level)
            return
        if before := wanted & BEFORE_LENSING:       # which reads the input, where there is no factor
            super().compute(list(before))
        levels = Levels(self)
        self._scale_lensing(levels)
        self._compute_levels(levels, wanted - self._computed_levels)

    def compute_transfers(self):
        """Compute what `compute` would and the primordial spectrum has no part in.

        The next `compute` does the rest, for any values of the primordial parameters, but of these very
        parameters: what CLASS refuses depends on which ones there are.
        """
        self.compute(["perturbations"])
        levels = Levels(self)
        if "transfer" in self._computed_levels:
            return
        if levels.transfer_is_linear:
            levels.compute_linear_transfer()
            self._computed_levels.add("transfer")
        elif levels.only_lensing_is_nonlinear:
            levels.compute_linear_transfer()  # which does not complete the level

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
            stale = self._change_spectrum(levels) if changed else set()
            self._compute_levels(levels, (wanted | stale) - computed)
        except _classy.CosmoComputationError:
            return False
        return True

    def _change_spectrum(self, levels):
        """Read the primordial parameters; drop the levels, of those computed, that depend on them.

        Returns
        -------
        set of str
            The levels that were dropped.
        """
        computed = self._computed_levels
        stale = computed - BEFORE_SPECTRUM
        if levels.transfer_is_linear:
            stale.discard("transfer")
        for level in reversed(LEVELS):
            if level in stale and not (level == "transfer" and levels.only_lensing_is_nonlinear):
                levels.free(level)
        computed -= stale
        levels.read_primordial()
        return stale

    def _compute_levels(self, levels, names):
        for level in sorted(names, key=LEVELS.index):
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


def same(one, other):
    """Whether two factors are equal, where None is no factor."""
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)
