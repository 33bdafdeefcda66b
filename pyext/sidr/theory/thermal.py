r"""The particle model for Cobaya: its masses and couplings become what `sidr.theory.SIDR` needs.

Paste, to sample the couplings themselves::

    theory:
      sidr.theory.ThermalHistory: {n_chi: 1}
      sidr.theory.SIDR: {thermal_history: true, precision: planck}

`log10_m_phi` [MeV], `log10_lambda_phi_chi`, `log10_M_N_over_lambda` [MeV] and `m_nu_sum` [eV] are sampled
with flat priors unless the run says otherwise; log10_G_eff (6), N_chi, N_nu and N_eff_tot are derived. A
point that the bounds exclude, or that has no thermal history, is rejected.

The abundance of helium: nucleosynthesis sees the N_eff of the history at T_gamma = 0.07 MeV. A
conversion that is over by then counts, a later one does not.
"""

from math import log10

from cobaya.log import LoggedError
from cobaya.theory import Theory

from sidr.thermal import constraints, evolve


class ThermalHistory(Theory):
    r"""
    Thermal history of neutrinos that convert into dark radiation \cite{Das:2025asx}.
    """

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

    def get_can_provide(self):
        return ["sidr_neutrinos"]

    def get_sidr_neutrinos(self):
        """Arguments of `SIDR.class_params` at the current point, a dictionary."""
        return self.current_state["sidr_neutrinos"]

    def calculate(self, state, want_derived=True, **params):
        point = [10**params[f"log10_{name}"] for name in ("m_phi", "lambda_phi_chi", "M_N_over_lambda")]
        point.append(params["m_nu_sum"])
        try:
            history = self.history(*point)
        except (RuntimeError, ValueError) as error:
            self.log.debug("%s Assigning 0 likelihood and going on.", error)
            return False
        rows = constraints(*point, self.n_chi, self.ordering, M_N=self.M_N, history=history)
        if excluded := [c.name for c in rows if c.name in self.bounds and not c.holds]:
            self.log.debug("Excluded by %s. Assigning 0 likelihood and going on.", ", ".join(excluded))
            return False
        numbers = {"log10_G_eff": log10(history.G_eff),
                   "N_chi": history.N_eff_chi, "N_nu": history.N_eff_nu}
        state["sidr_neutrinos"] = numbers | {
            "N_bbn": history.N_bbn, "m_nu_sum": params["m_nu_sum"], "ordering": self.ordering}
        state["derived"] = numbers | {"N_eff_tot": history.N_eff}
