r"""The particle model for Cobaya: its masses and couplings become what `sidr.theory.SIDR` needs.

Paste, to sample the couplings themselves::

    theory:
      sidr.theory.ThermalHistory: {n_chi: 1}
      sidr.theory.SIDR: {neutrinos: sidr.theory.ThermalHistory, precision: planck}

`log10_m_phi` [MeV], `log10_lambda_phi_chi`, `log10_M_N_over_lambda` [MeV] and `m_nu_sum` [eV] are sampled
with flat priors unless the run says otherwise; log10_G_eff (6), N_chi, N_nu, N_eff_tot and N_bbn are
derived. A point that a bound excludes, or that has no thermal history, is rejected and counted by the
reason; what the solver of the history does not achieve stops the run.

CLASS gets the temperatures and fugacities that the history leaves to neutrinos and to chi, and for helium
the N_bbn with which the standard model would make as much of it.
"""

from math import log10

from cobaya.log import LoggedError

from sidr.neutrinos import ImpossibleNeutrinos
from sidr.theory.neutrinos import NeutrinoTheory
from sidr.thermal import NoHistory, constraints, evolve


class ThermalHistory(NeutrinoTheory):
    r"""
    Thermal history of neutrinos that convert into dark radiation \cite{Das:2025asx}.
    """

    _impossible = (ImpossibleNeutrinos, NoHistory)
    _wrong = (ValueError, RuntimeError)

    n_chi: float
    ordering: str
    t_channel: str
    potentials: str
    M_N: float
    bounds: list | None

    def initialize(self):
        """Try the options on one point.

        Raises
        ------
        LoggedError
            If an option is wrong.
        """
        try:
            rows = constraints(0.01, 0.003, 100, 0.2, self.n_chi, self.ordering, M_N=self.M_N,
                               history=self.history(0.01, 0.003, 100, 0.2))
        except (TypeError, ValueError) as error:
            raise LoggedError(self.log, "%s", error) from error
        names = [c.name for c in rows]
        if unknown := set(self.bounds or ()) - set(names):
            raise LoggedError(self.log, "bounds = %r: there is no %s; choose from %s.", self.bounds,
                              ", ".join(sorted(unknown)), ", ".join(names))
        self.bounds = names if self.bounds is None else self.bounds
        if self.n_chi == 0:
            raise LoggedError(self.log, "n_chi = 0 leaves nothing to convert into: take n_chi > 0.")

    def history(self, m_phi, lambda_phi_chi, M_N_over_lambda, m_nu_sum):
        """The `sidr.thermal.History` of a point, with its ends only."""
        return evolve(m_phi, lambda_phi_chi, M_N_over_lambda, m_nu_sum, self.n_chi, self.ordering,
                      t_channel=self.t_channel, potentials=self.potentials, M_N=self.M_N, times=2)

    @classmethod
    def determines(cls):
        return frozenset({"n_chi", "N_tot", "N_chi", "N_nu", "N_bbn", "N_extra", "N_sterile", "pair",
                          "m_nu_sum", "ordering", "phase_space", "log10_G_eff"})

    def get_neutrino_sector(self, **arguments):
        """The sector that the history leaves, see `NeutrinoTheory`; there are no `arguments`."""
        return self.current_state["sector"]

    def compute(self, state, want_derived=True, **params):
        point = [10**params[f"log10_{name}"] for name in ("m_phi", "lambda_phi_chi", "M_N_over_lambda")]
        point.append(params["m_nu_sum"])
        history = self.history(*point)
        rows = constraints(*point, self.n_chi, self.ordering, M_N=self.M_N, history=history)
        for c in rows:
            if c.name in self.bounds and not c.holds:
                self.reject(f"Excluded by the bound {c.name!r}.")
                return False
        state["sector"] = history.sector()
        state["derived"] = {"log10_G_eff": log10(history.G_eff), "N_chi": history.N_eff_chi,
                            "N_nu": history.N_eff_nu, "N_eff_tot": history.N_eff, "N_bbn": history.N_bbn}
