"""Which likelihoods must not be in one run: those that count one measurement twice.

Papers combine ACT, SPT and Planck without a covariance between them where they overlap little: SPT's field
is 4% of the sky, and of Planck's spectra the cut leaves what ACT does not measure better. Everything else
that has the same sky, the same map or the same quasars in it is refused when a run is built.
"""

from itertools import combinations

from cobaya.likelihood import Likelihood
from cobaya.log import LoggedError

PLANCK = "Planck's spectra at l >= 30"
SMALL_SCALES = "the small scales of TT, TE and EE on the sky that ACT and Planck share"
SPT_FIELD = "the spectra of SPT-3G's main field"
LOW_TT, LOW_EE = "Planck's TT at l < 30", "Planck's EE at l < 30"
PLANCK_MAP, ACT_MAP, SPT_MAP = (f"{name}'s map of the lensing potential"
                                for name in ("Planck", "ACT", "SPT"))
SDSS_FOREST = "the Lyman-alpha forest of SDSS, BOSS and eBOSS"
DESI_FOREST = "the Lyman-alpha forest of DESI"
SUPERNOVAE = "the nearby supernovae that all compilations share"

LENSING_MAPS = {variant: maps for names, maps in [
    ("act_baseline act_extended", (ACT_MAP,)),
    ("actplanck_baseline actplanck_extended", (ACT_MAP, PLANCK_MAP)),
    ("actspt3g_baseline actspt3g_extended", (ACT_MAP, SPT_MAP)),
    ("actplanckspt3g_baseline actplanckspt3g_extended", (ACT_MAP, PLANCK_MAP, SPT_MAP)),
    ("spt3g", (SPT_MAP,))] for variant in names.split()}

#: What a likelihood measures, by the name that Cobaya has for its class, or that name up to its last dot
MEASURES = {
    "planck_2018_highl_plik": (PLANCK, SMALL_SCALES),
    "planck_2018_highl_CamSpec": (PLANCK, SMALL_SCALES),
    "planck_2018_highl_CamSpec2021": (PLANCK, SMALL_SCALES),
    "planck_NPIPE_highl_CamSpec": (PLANCK, SMALL_SCALES),
    "sidr.likelihoods.CMBCompressed": (PLANCK, SMALL_SCALES),
    "sidr.likelihoods.PlanckCut": (PLANCK,),
    "sidr.likelihoods.ACTDR6": (SMALL_SCALES,),
    "sidr.likelihoods.SPT3GD1": (SPT_FIELD,),
    "sidr.likelihoods.SPT3G2018": (SPT_FIELD,),
    "planck_2018_lowl.TT": (LOW_TT,),
    "planck_2018_lowl.TT_clik": (LOW_TT,),
    "planck_2018_lowl.EE": (LOW_EE,),
    "planck_2018_lowl.EE_clik": (LOW_EE,),
    "planck_2018_lowl.EE_sroll2": (LOW_EE,),
    "planck_2018_lensing": (PLANCK_MAP,),
    # packages of others
    "planckpr4lensing": (PLANCK_MAP,),
    "planck_2020_hillipop": (PLANCK, SMALL_SCALES),
    "planck_2020_lollipop": (LOW_EE,),
    "act_dr6_mflike": (SMALL_SCALES,),
    "act_dr6_cmbonly": (SMALL_SCALES,),
    "act_dr6_cmbonly.PlanckActCut": (PLANCK,),
    "sn": (SUPERNOVAE,),
}

#: The same where an option decides: the option, and what each of its values measures
BY_OPTION = {
    "sidr.likelihoods.PlanckCompressed": ("parts", {
        "plik_lite": (PLANCK, SMALL_SCALES), "lensing": (PLANCK_MAP,), "lowl_TT": (LOW_TT,),
        "lowl_EE": (LOW_EE,)}),
    "sidr.likelihoods.CMBLensing": ("variant", LENSING_MAPS),
    "act_dr6_lenslike": ("variant", LENSING_MAPS | dict.fromkeys(
        ["act_polonly", "act_cibdeproj", "act_cinpaint"], (ACT_MAP,))),
    "sidr.likelihoods.LymanAlpha": ("dataset", {
        "desi_dr1": (DESI_FOREST,), "eboss_dr14_chabanier": (SDSS_FOREST,),
        "eboss_dr14_walther": (SDSS_FOREST,), "boss_dr9": (SDSS_FOREST,), "sdss_dr2": (SDSS_FOREST,)}),
}


class OnSky:
    """A likelihood that looks at the others of its run."""

    def initialize_with_provider(self, provider):
        """Keep the provider.

        Raises
        ------
        LoggedError
            If two likelihoods of the run count one measurement twice.
        """
        super().initialize_with_provider(provider)
        refuse_twice(provider.model.likelihood, self.log)


def refuse_twice(likelihoods, log):
    """Refuse what `MEASURES` says of two likelihoods.

    Parameters
    ----------
    likelihoods : mapping of str to cobaya.likelihood.Likelihood
    log : logging.Logger

    Raises
    ------
    LoggedError
    """
    for (a, first), (b, second) in combinations(likelihoods.items(), 2):
        if common := measures(first) & measures(second):
            hint = (" Or take Planck's spectra from sidr.likelihoods.PlanckCut, without these scales."
                    if common == {SMALL_SCALES} else "")
            raise LoggedError(log, "%s and %s count the same data twice: %s. Remove one of the two.%s",
                              a, b, ", ".join(sorted(common)), hint)


def measures(likelihood):
    """Set of what a likelihood measures; empty for one that is in neither table."""
    for cls in type(likelihood).__mro__:
        if cls is Likelihood or not issubclass(cls, Likelihood):
            continue
        name = cls.get_qualified_class_name()
        if name in BY_OPTION:
            option, meanings = BY_OPTION[name]
            chosen = getattr(likelihood, option)
            return {what for value in (chosen if isinstance(chosen, list) else [chosen])
                    for what in meanings.get(value, ())}
        if entry := MEASURES.get(name) or MEASURES.get(name.rpartition(".")[0]):
            return set(entry)
    return set()
