"""What the thermal history leaves, against what CLASS makes of it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sidr.classy import Class
from sidr.thermal import evolve

INSTANTANEOUS = (4 / 11)**(1 / 3)


def background(m, T, z=(1.0,) * 3, **more):
    def listed(values):
        return ",".join(repr(float(value)) for value in values)

    cosmo = Class()
    cosmo.set(N_ur=0, N_ncdm=3, deg_ncdm="1,1,1", m_ncdm=listed([m] * 3), T_ncdm=listed(T),
              fugacity_ncdm=listed(z), **more)
    cosmo.compute(["background"])
    return cosmo


def of_history(history, m, **more):
    now = history.today
    return background(m, now.T_nu, now.z_nu, N_sidr=now.N_chi, T_sidr=now.T_sidr, **more)


@pytest.fixture(scope="module")
def standard():
    """Heavy neutrinos that decoupled at once."""
    return background(1.0, [INSTANTANEOUS] * 3)


@pytest.mark.parametrize("n_chi", [1, 2, 40])
@pytest.mark.parametrize("potentials", ["none", "all", "neutrinos", "kinetic"])
def test_class_has_the_energy_and_the_number_of_the_history(potentials, n_chi, standard):
    lambda_phi_chi = 2e-5 if potentials == "kinetic" else 0.003     # of z > 1
    h = evolve(0.01, lambda_phi_chi, 100, 0.065, n_chi, potentials=potentials, times=2)
    light, heavy = of_history(h, 0.065 / 3), of_history(h, 1.0, log10_G_eff_sidr=-2)
    assert_allclose(light.Neff, h.N_eff, rtol=2e-4)
    # Heavy neutrinos: number times mass, relative to instantaneous decoupling
    assert_allclose(heavy.Omega_nu * heavy.h()**2, h.n_nu * standard.Omega_nu * standard.h()**2, rtol=2e-4)
    # Energy of neutrinos while they are relativistic, and of chi, over the photons'
    early = {name: column[0] for name, column in light.get_background().items()}
    rho_nu = sum(early[f"(.)rho_ncdm[{i}]"] for i in range(3))
    rho = np.array([rho_nu, early["(.)rho_sidr"]]) / early["(.)rho_g"]
    assert_allclose(rho, np.array([h.N_eff_nu, h.N_eff_chi]) * 7 / 8 * (4 / 11)**(4 / 3), rtol=2e-4)
    # Rate of chi: T^5 of Maxwell-Boltzmann, times z
    plain = background(1.0, h.today.T_nu, N_sidr=h.N_eff_chi, log10_G_eff_sidr=-2)
    expected = h.z_chi[-1] * (h.T_chi[-1] / h.T_gamma[-1] / INSTANTANEOUS)**5
    assert_allclose(heavy.rate_sidr(1e5) / plain.rate_sidr(1e5), expected, rtol=1e-6)


def test_chi_is_colder_than_instantaneous_neutrinos_as_its_energy_says():
    # N_chi = n_chi (T_chi/T_inst)^4 without potentials; G_eff is then worth (T/T_inst)^(5/2) of itself
    for n_chi, dex in ((1, 0.07), (2, 0.135), (40, 0.72)):
        h = evolve(0.01, 0.003, 100, 0.065, n_chi, times=2)
        assert_allclose(h.today.T_chi, INSTANTANEOUS * (h.N_eff_chi / n_chi)**0.25, rtol=1e-6)
        assert_allclose(-2.5 * np.log10(h.today.T_sidr / INSTANTANEOUS), dex, atol=0.01)


@pytest.mark.parametrize("ordering, point", [("normal", (0.95, 0.003, 100, 0.0616)),
                                             ("inverted", (0.95, 0.003, 1000, 0.12))])
@pytest.mark.parametrize("potentials", ["none", "all"])
def test_mass_states_are_mixtures_of_flavours(ordering, point, potentials, standard):
    # nu_1 has two thirds of nu_e, nu_3 two percent: with nu_e hotter than the others it is the hottest
    h = evolve(*point, 1, ordering, potentials=potentials, times=2)
    each = np.array([background(1e-5, [T] * 3, [z] * 3).Neff / 3
                     for T, z in zip(h.today.T_nu, h.today.z_nu, strict=True)])
    assert_allclose(each.sum(), h.N_eff_nu, rtol=3e-4)
    e_hotter = h.T_nu_e[-1]**4 * h.z_nu_e[-1] > h.T_nu_mu[-1]**4 * h.z_nu_mu[-1]
    assert np.ptp(each) > 0.003 and (each[0] > each[1] > each[2]) == e_hotter
    heavy = of_history(h, 1.0)
    assert_allclose(heavy.Omega_nu * heavy.h()**2, h.n_nu * standard.Omega_nu * standard.h()**2, rtol=2e-4)
