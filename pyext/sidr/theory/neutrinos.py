"""How a theory takes the place of the parameters of the neutrinos."""

from sidr.theory.rejection import Rejecting


class NeutrinoTheory(Rejecting):
    """A theory from which `sidr.theory.SIDR` and its emulator take their neutrinos.

    Named in the option `neutrinos` of those two. A subclass declares what it determines, and gives the
    sector; what it does not determine stays an option or a parameter there.
    """

    @classmethod
    def determines(cls):
        """What comes from this theory.

        Returns
        -------
        frozenset of str
            Arguments of `sidr.neutrinos.sector`; and log10_G_eff, if that is one of its derived parameters.
        """
        raise NotImplementedError

    @classmethod
    def without_chi(cls):
        """Whether there can be no chi beside what this theory gives."""
        return False

    def get_can_provide(self):
        return ["neutrino_sector"]

    def get_neutrino_sector(self, **arguments):
        """The neutrino sector at the current point.

        Parameters
        ----------
        **arguments
            Those of `sidr.neutrinos.sector` that this theory does not determine.

        Returns
        -------
        sidr.neutrinos.NeutrinoSector

        Raises
        ------
        ImpossibleNeutrinos
            If there are no such neutrinos.
        ValueError
            If an argument is wrong.
        """
        raise NotImplementedError
