"""An installed wheel computes spectra with chi, from its own tables; no compiler is needed."""

import numpy as np

import sidr.classy

cosmo = sidr.classy.Class()
cosmo.set(output="tCl,pCl,lCl", lensing="yes", l_max_scalars=500, N_sidr=0.7, log10_G_eff_sidr=-2)
cosmo.compute()
tt = cosmo.lensed_cl(500)["tt"]
assert np.isfinite(tt).all() and tt[220] > tt[400] > 0
print(f"spectra with chi, by {sidr.classy.__file__}")
