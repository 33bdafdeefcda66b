"""Cosmologies in milliseconds: what is a few integrals is integrated, the spectra are emulated."""
