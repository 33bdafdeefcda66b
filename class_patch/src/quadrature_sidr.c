/** @file quadrature_sidr.c Momenta of massive neutrinos with which their massless limit is exact.
 *
 * The perturbations of a massive species are sums over a few momenta of w Psi_l, and Psi_l is driven by
 * dlnf0/dlnq and linear in it, so that only the products w dlnf0/dlnq count. They stand for integrals,
 *   sum_i w_i (dlnf0/dlnq)_i q_i^n  for  int q^(n+1) f0' dq = -(n+1) int q^n f0 dq,
 * with n = 3 for massless particles, n = 3 - 2j at order m^(2j), and n = 2, 4 ... when they are slow.
 * The Laguerre rule of CLASS misses n = 3 by 1e-4 ... 1e-3, and so do the spectra those of massless
 * neutrinos (ur) when the mass goes to zero. Here the rule is that of Gauss for the weight function
 * -q f0', with which n = 1 ... 2N of N momenta are exact. Exact moments are also what the momenta of
 * CAMB are chosen for (arXiv:1201.3654).
 */

#include "background.h"

/**
 * Orthonormal polynomials at a momentum, b_(k+1) p_(k+1) = (q - a_k) p_k - b_k p_(k-1).
 *
 * @param a  Input: a_0 ... a_(N-1)
 * @param b  Input: b_0 ... b_N, with p_0 = 1/b_0
 * @param N  Input: highest order
 * @param q  Input: momentum
 * @param p  Output: p_0 ... p_N
 * @param dp Output: their derivatives
 */
static void polynomials_sidr(const double * a, const double * b, int N, double q, double * p, double * dp) {

  int k;

  p[0] = 1./b[0];
  dp[0] = 0.;

  for (k = 0; k < N; k++) {
    p[k+1] = (q-a[k])*p[k];
    dp[k+1] = p[k] + (q-a[k])*dp[k];
    if (k > 0) {
      p[k+1] -= b[k]*p[k-1];
      dp[k+1] -= b[k]*dp[k-1];
    }
    p[k+1] /= b[k+1];
    dp[k+1] /= b[k+1];
  }
}

/**
 * Recurrence of the polynomials that are orthonormal with the weight function -q f0', by Stieltjes.
 *
 * By parts, int (-q f0') g dq = int f0 (g + q g') dq: sums over the momenta of the background, so that
 * the massless limit has the density of the background to the last digit.
 *
 * @param q    Input: momenta of the background
 * @param w    Input: their weights, f0 included
 * @param size Input: number of them
 * @param N    Input: order
 * @param a    Output: a_0 ... a_(N-1)
 * @param b    Output: b_0 ... b_N; b_0^2 is the integral of the weight function
 * @param errmsg Output: error message
 * @return the error status
 */
static int recurrence_sidr(const double * q, const double * w, int size, int N,
                           double * a, double * b, ErrorMsg errmsg) {

  double p[_NCDM_MOMENTA_MAX_SIDR_+1], dp[_NCDM_MOMENTA_MAX_SIDR_+1];
  double norm;
  int i, k;

  for (i = 0, norm = 0.; i < size; i++)
    norm += w[i];                                               /* g = 1 */
  b[0] = sqrt(norm);

  for (k = 0; k < N; k++) {

    for (i = 0, a[k] = 0.; i < size; i++) {
      polynomials_sidr(a,b,k,q[i],p,dp);
      a[k] += w[i]*2.*q[i]*p[k]*(p[k] + q[i]*dp[k]);            /* g = q p_k^2 */
    }

    b[k+1] = 1.;                                                /* p_(k+1) is not normalised yet */
    for (i = 0, norm = 0.; i < size; i++) {
      polynomials_sidr(a,b,k+1,q[i],p,dp);
      norm += w[i]*p[k+1]*(p[k+1] + 2.*q[i]*dp[k+1]);           /* g = p_(k+1)^2 */
    }

    class_test(!(norm > 0.),
               errmsg,
               "ncdm_momenta_sidr = %d is too much for a distribution of momenta that does not fall steadily: take less, or 0 for CLASS's own sampling",
               N);
    b[k+1] = sqrt(norm);
  }

  return _SUCCESS_;
}

/**
 * Replace the momenta of the perturbations of one species by those described above.
 *
 * @param ppr    Input: precision structure
 * @param pba    Input/Output: background structure, with the momenta of its own integrals
 * @param n_ncdm Input: index of the species
 * @return the error status
 */
int background_ncdm_quadrature_sidr(struct precision * ppr, struct background * pba, int n_ncdm) {

  double a[_NCDM_MOMENTA_MAX_SIDR_], b[_NCDM_MOMENTA_MAX_SIDR_+1];
  double p[_NCDM_MOMENTA_MAX_SIDR_+1], dp[_NCDM_MOMENTA_MAX_SIDR_+1];
  double q, lower, upper, end, sum;
  int N = ppr->ncdm_momenta_sidr;
  int i, k, iteration, above;

  if (N == 0)
    return _SUCCESS_;

  class_call(recurrence_sidr(pba->q_ncdm_bg[n_ncdm],pba->w_ncdm_bg[n_ncdm],pba->q_size_ncdm_bg[n_ncdm],
                             N,a,b,pba->error_message),
             pba->error_message,
             pba->error_message);

  class_realloc(pba->q_ncdm[n_ncdm],N*sizeof(double),pba->error_message);
  class_realloc(pba->w_ncdm[n_ncdm],N*sizeof(double),pba->error_message);
  class_realloc(pba->dlnf0_dlnq_ncdm[n_ncdm],N*sizeof(double),pba->error_message);
  pba->q_size_ncdm[n_ncdm] = N;

  /* the zeros of p_N are eigenvalues of a tridiagonal matrix, all below this (Gershgorin) */
  for (k = 0, end = 0.; k < N; k++)
    end = MAX(end, a[k] + ((k > 0) ? b[k] : 0.) + ((k < N-1) ? b[k+1] : 0.));

  for (i = 0; i < N; i++) {

    /* bisection: above q there are as many zeros of p_N as changes of sign among p_0(q) ... p_N(q) */
    for (iteration = 0, lower = 0., upper = end; iteration < 60; iteration++) {
      q = 0.5*(lower+upper);
      polynomials_sidr(a,b,N,q,p,dp);
      for (k = 0, above = 0; k < N; k++)
        if (p[k]*p[k+1] < 0.) above++;
      if (above >= N-i)
        lower = q;
      else
        upper = q;
    }

    for (k = 0, sum = 0.; k < N; k++)
      sum += p[k]*p[k];

    /* the Gaussian weight 1/sum stands for -q f0' dq = -f0 dlnf0/dlnq dq; how it is shared by the two
       factors makes no difference */
    pba->q_ncdm[n_ncdm][i] = q;
    pba->dlnf0_dlnq_ncdm[n_ncdm][i] = -q;
    pba->w_ncdm[n_ncdm][i] = 1./(sum*q);
  }

  return _SUCCESS_;
}
