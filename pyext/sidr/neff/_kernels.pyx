# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
r"""Collision integrals of neutrinos with e-, e+ and with neutrinos, reduced to two dimensions.

For isotropic distributions the collision term of 1 + 2 -> 3 + 4 is

.. math:: \frac{df_1}{dt} = \frac{1}{128\pi^3 p_1 E_1}\int dE_2\,dE_3\,F \int dq\,
          \langle|\mathcal M|^2\rangle_\phi

where q is the modulus of p_1 + p_2, of p_1 - p_3 or of p_1 - p_4: the measure is the same for each. Every
squared matrix element is a product of scalar products, and each of these is a polynomial in one of the
three q. So the last integral is a difference of polynomials at its limits, and one over the energy of an
electron is left to quadrature. All momenta are comoving; m is the mass of the electron times a.
"""

import numpy as np

from libc.math cimport exp, fabs, sqrt


cdef inline double s_square(double a, double low, double high) noexcept:
    """Integral of ((a - q^2)/2)^2: (p_1.p_2)^2 with a = (E_1 + E_2)^2 - m^2, q = |p_1 + p_2|."""
    return quartic(-a, high) - quartic(-a, low)


cdef inline double t_square(double b, double low, double high) noexcept:
    """Integral of ((b + q^2)/2)^2: (p_1.p_4)^2 with b = m^2 - (E_1 - E_4)^2, q = |p_1 - p_4|."""
    return quartic(b, high) - quartic(b, low)


cdef inline double quartic(double b, double q) noexcept:
    """Integral of ((b + q^2)/2)^2 from 0 to q."""
    cdef double q2 = q * q
    return q * (b * b / 4 + q2 * (b / 6 + q2 / 20))


cdef inline double linear(double a, double low, double high) noexcept:
    """Integral of (a - q^2)/2: p_1.p_2 of massless particles with a = (E_1 + E_2)^2, q = |p_1 + p_2|."""
    return high * (a / 2 - high * high / 6) - low * (a / 2 - low * low / 6)


cdef inline double occupation(double energy) noexcept:
    """Fermi-Dirac, of E/T."""
    return 1 / (exp(energy) + 1)


def scattering(double[::1] y1, double[::1] y3, double m, double z, double[::1] t, double[::1] dt,
               bint half=False):
    """Kernels of nu(1) + e(2) -> nu(3) + e(4) with e- and e+ together.

    Parameters
    ----------
    y1, y3 : array, shapes (n,) and (k,)
        Momenta of the neutrino before and after.
    m, z : float
        Mass and temperature of the electrons.
    t, dt : array, shape (q,)
        Nodes and weights for an integral from 0 to infinity, of (E_2 - its minimum)/z.
    half : bool
        Whether to leave out y_3 > y_1, for arrays of increasing momenta.

    Returns
    -------
    ndarray, shape (2, n, k)
        Integral over E_2 of f_2 (1 - f_4) times the q-integral, for the structures g_L^2 + g_R^2:
        (p_1.p_2)^2 + (p_1.p_4)^2, and g_L g_R: -2 m^2 (p_1.p_3).
    """
    cdef Py_ssize_t i, k, n
    cdef double k0, t_max, E_min, E2, E4, p2, p4, F, low, high, m2 = m * m
    result = np.zeros((2, y1.shape[0], y3.shape[0]))
    cdef double[:, :, ::1] out = result
    for i in range(y1.shape[0]):
        for k in range(i + 1 if half else y3.shape[0]):
            k0 = y1[i] - y3[k]
            # E_2 is least where |t| = 2 m |k_0|, or at the largest |t| if that is smaller
            t_max = 4 * y1[i] * y3[k]
            if 2 * m * fabs(k0) <= t_max:
                E_min = m + (fabs(k0) - k0) / 2
            else:
                E_min = (sqrt((t_max + k0 * k0) * (1 + 4 * m2 / t_max)) - k0) / 2
            for n in range(t.shape[0]):
                E2 = E_min + z * t[n]
                E4 = E2 + k0
                p2 = sqrt(max(E2 * E2 - m2, 0))
                p4 = sqrt(max(E4 * E4 - m2, 0))
                F = z * dt[n] * occupation(E2 / z) * (1 - occupation(E4 / z))
                low = max(fabs(y1[i] - p2), fabs(y3[k] - p4))
                high = min(y1[i] + p2, y3[k] + p4)
                if high > low:
                    out[0, i, k] += F * s_square((y1[i] + E2)**2 - m2, low, high)
                low = max(fabs(y1[i] - p4), fabs(y3[k] - p2))
                high = min(y1[i] + p4, y3[k] + p2)
                if high > low:
                    out[0, i, k] += F * t_square(m2 - (y1[i] - E4)**2, low, high)
                low = max(fabs(k0), fabs(p2 - p4))
                high = min(y1[i] + y3[k], p2 + p4)
                if high > low:      # p_1.p_3 = (q^2 - k_0^2)/2
                    out[1, i, k] += 2 * m2 * F * linear(k0 * k0, low, high)
    return result


def annihilation(double[::1] y1, double[::1] y2, double m, double z, double[::1] t, double[::1] dt,
                 bint half=False):
    """Kernels of nu(1) + nu-bar(2) -> e-(3) + e+(4).

    Parameters
    ----------
    y1, y2 : array, shapes (n,) and (k,)
        Momenta of the neutrinos.
    m, z : float
        Mass and temperature of the electrons.
    t, dt : array, shape (q,)
        Nodes and weights for an integral from 0 to 1.
    half : bool
        Whether to leave out y_2 > y_1, for arrays of increasing momenta.

    Returns
    -------
    ndarray, shape (2, n, k)
        Integral over E_3 of (1 - f_3) (1 - f_4) times the q-integral, for the structures
        g_L^2 + g_R^2: (p_1.p_4)^2, and g_L g_R: m^2 (p_1.p_2).
    """
    cdef Py_ssize_t i, k, n
    cdef double q0, width, E3, E4, p3, p4, F, low, high, s, m2 = m * m
    result = np.zeros((2, y1.shape[0], y2.shape[0]))
    cdef double[:, :, ::1] out = result
    for i in range(y1.shape[0]):
        for k in range(i + 1 if half else y2.shape[0]):
            if y1[i] * y2[k] <= m2:
                continue                            # s < 4 m^2
            q0 = y1[i] + y2[k]
            # E_3 spreads most at s = 2 m q_0, or at the largest s if that is smaller
            s = 4 * y1[i] * y2[k]
            width = q0 - 2 * m if 2 * m * q0 <= s else sqrt((q0 * q0 - s) * (1 - 4 * m2 / s))
            for n in range(t.shape[0]):
                E3 = q0 / 2 + width * (t[n] - 0.5)
                E4 = q0 - E3
                p3 = sqrt(max(E3 * E3 - m2, 0))
                p4 = sqrt(max(E4 * E4 - m2, 0))
                F = width * dt[n] * (1 - occupation(E3 / z)) * (1 - occupation(E4 / z))
                low = max(fabs(y1[i] - p4), fabs(y2[k] - p3))
                high = min(y1[i] + p4, y2[k] + p3)
                if high > low:
                    out[0, i, k] += F * t_square(m2 - (y1[i] - E4)**2, low, high)
                low = max(fabs(y1[i] - y2[k]), fabs(p3 - p4))
                high = min(q0, p3 + p4)
                if high > low:
                    out[1, i, k] += m2 * F * linear(q0 * q0, low, high)
    return result


def neutrino_kernels(Py_ssize_t n, double h):
    """Kernels of 1 + 2 -> 3 + 4 among massless neutrinos, momenta (i + 1/2) h with i + j = k + l.

    Returns
    -------
    ndarray, shape (2, n, n, n)
        (p_1.p_2)^2 and (p_1.p_4)^2, integrated over q, for i, j, k; 0 where l is no node.
    """
    cdef Py_ssize_t i, j, k, l
    cdef double y1, y2, y3, y4
    result = np.zeros((2, n, n, n))
    cdef double[:, :, :, ::1] out = result
    for i in range(n):
        for j in range(n):
            for k in range(max(0, i + j - n + 1), min(n, i + j + 1)):
                l = i + j - k
                y1, y2, y3, y4 = (i + 0.5) * h, (j + 0.5) * h, (k + 0.5) * h, (l + 0.5) * h
                out[0, i, j, k] = s_square((y1 + y2)**2, max(fabs(y1 - y2), fabs(y3 - y4)), y1 + y2)
                out[1, i, j, k] = t_square(-(y1 - y4)**2, fabs(y1 - y4), min(y1 + y4, y2 + y3))
    return result


def among_neutrinos(double[:, ::1] f, double[:, :, :, ::1] kernels):
    """Sums of collisions among neutrinos, nu and nu-bar alike.

    Couplings are those of massless electrons, divided by 4: for two flavours (p_1.p_2)^2 + (p_1.p_4)^2 in
    scattering and (p_1.p_4)^2 in annihilation; for one, where amplitudes add and particles are identical,
    2 (p_1.p_2)^2 + 4 (p_1.p_4)^2 in all.

    Parameters
    ----------
    f : ndarray, shape (n, 3)
        Diagonals.
    kernels : ndarray, shape (2, n, n, n)
        Of `neutrino_kernels`.

    Returns
    -------
    gain, loss : ndarray, shape (n, 3)
        C = (1 - f) gain - f loss, but for a factor.
    slope : ndarray, shape (n, 3, n, 3)
        Derivatives of C.
    """
    cdef Py_ssize_t n = f.shape[0], i, j, k, l, a, b
    cdef double s, t, two, one, p, q, c, up, down
    cdef double f1, f2, f3, e3, e4
    gains, losses, slopes = np.zeros((n, 3)), np.zeros((n, 3)), np.zeros((n, 3, n, 3))
    cdef double[:, ::1] gain = gains, loss = losses
    cdef double[:, :, :, ::1] slope = slopes
    for i in range(n):
        for j in range(n):
            for k in range(max(0, i + j - n + 1), min(n, i + j + 1)):
                l = i + j - k
                s, t = kernels[0, i, j, k] / 4, kernels[1, i, j, k] / 4
                two, one = s + t, 2 * s + 4 * t
                for a in range(3):
                    f1, f2, f3 = f[i, a], f[j, a], f[k, a]
                    # a + b -> a + b
                    for b in range(3):
                        c = one if a == b else two
                        p, q = f[l, b] * (1 - f[j, b]), f[j, b] * (1 - f[l, b])
                        gain[i, a] += c * f3 * p
                        loss[i, a] += c * (1 - f3) * q
                        up, down = (1 - f1) * f3 * c, f1 * (1 - f3) * c
                        slope[i, a, k, a] += c * ((1 - f1) * p + f1 * q)
                        slope[i, a, l, b] += up * (1 - f[j, b]) + down * f[j, b]
                        slope[i, a, j, b] -= up * f[l, b] + down * (1 - f[l, b])
                    # a + a-bar -> b + b-bar
                    for b in range(3):
                        if a == b:
                            continue
                        e3, e4 = f[k, b], f[l, b]
                        up, down = t * (1 - f2), t * f2
                        gain[i, a] += up * e3 * e4
                        loss[i, a] += down * (1 - e3) * (1 - e4)
                        slope[i, a, j, a] -= t * ((1 - f1) * e3 * e4 + f1 * (1 - e3) * (1 - e4))
                        slope[i, a, k, b] += up * (1 - f1) * e4 + down * f1 * (1 - e4)
                        slope[i, a, l, b] += up * (1 - f1) * e3 + down * f1 * (1 - e3)
    for i in range(n):
        for a in range(3):
            slope[i, a, i, a] -= gain[i, a] + loss[i, a]
    return gains, losses, slopes


cdef inline void product(double * a, double * b, double * out) noexcept:
    """out = a b, matrices of 3 x 3."""
    cdef Py_ssize_t i, k
    for i in range(3):
        for k in range(3):
            out[3 * i + k] = a[3 * i] * b[k] + a[3 * i + 1] * b[3 + k] + a[3 * i + 2] * b[6 + k]


cdef inline void add(double c, double * a, double * b, double * out) noexcept:
    """out += c (a + Tr a) b."""
    cdef Py_ssize_t i
    cdef double trace = a[0] + a[4] + a[8]
    cdef double ab[9]
    product(a, b, ab)
    for i in range(9):
        out[i] += c * (ab[i] + trace * b[i])


def among_coherent_neutrinos(double[:, :, ::1] rho, double[:, :, :, ::1] kernels):
    r"""Sums of collisions among neutrinos with their coherences, nu and nu-bar alike.

    .. math:: X = [\varrho_4(1-\varrho_2) + {\rm Tr}]\,\varrho_3 \quad\text{(scattering)}, \qquad
              X = [\varrho_3\varrho_4 + {\rm Tr}]\,(1-\varrho_2) \quad\text{(annihilation)}

    and Y with rho and 1 - rho exchanged; Sigl & Raffelt 1993.

    Parameters
    ----------
    rho : ndarray, shape (n, 3, 3)
        Real and symmetric.
    kernels : ndarray, shape (2, n, n, n)
        Of `neutrino_kernels`.

    Returns
    -------
    X, Y : ndarray, shape (n, 3, 3)
        C = X (1 - rho) + (1 - rho) X^T - Y rho - rho Y^T, but for a factor.
    """
    cdef Py_ssize_t n = rho.shape[0], i, j, k, l, m
    cdef double s, t
    cdef double R42[9]
    cdef double R34[9]
    cdef double work[9]
    cdef double * R2
    cdef double * R3
    cdef double * R4
    left = np.ascontiguousarray(np.eye(3) - rho)
    X, Y = np.zeros((n, 3, 3)), np.zeros((n, 3, 3))
    cdef double[:, :, ::1] Q = left, out_X = X, out_Y = Y
    for i in range(n):
        for j in range(n):
            R2 = &rho[j, 0, 0]
            for k in range(max(0, i + j - n + 1), min(n, i + j + 1)):
                l = i + j - k
                R3, R4 = &rho[k, 0, 0], &rho[l, 0, 0]
                s, t = kernels[0, i, j, k] / 8, kernels[1, i, j, k] / 8
                product(R4, R2, R42)
                product(R3, R4, R34)
                for m in range(9):
                    work[m] = R4[m] - R42[m]                            # rho_4 (1 - rho_2)
                add(s + t, work, R3, &out_X[i, 0, 0])
                for m in range(9):
                    work[m] = R2[m] - R42[m]                            # (1 - rho_4) rho_2
                add(s + t, work, &Q[k, 0, 0], &out_Y[i, 0, 0])
                add(t, R34, &Q[j, 0, 0], &out_X[i, 0, 0])
                for m in range(9):
                    work[m] = (m % 4 == 0) - R3[m] - R4[m] + R34[m]     # (1 - rho_3) (1 - rho_4)
                add(t, work, R2, &out_Y[i, 0, 0])
    return X, Y
