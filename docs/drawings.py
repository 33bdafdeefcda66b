"""The two pictures of the architecture page, as SVG whose colours are those of the page around it."""

import pkgutil
from html import escape

import sidr

WIDTH = 700

#: Bands from people down to CLASS: name, and in each what it has: module, one phrase
BANDS = (
    ("Commands", {"cli": "the command sidr", "commands": "its subcommands",
                  "grids": "a matrix, here or by SLURM",
                  "figures": "of physics and papers", "plots": "triangle plots, limits",
                  "report": "one page on many runs", "reweight": "emulated runs made exact",
                  "tension": "masses below the minima"}),
    ("Runs", {"runs": "runs on disk, evidence", "modes": "MI and SI of log10 G_eff",
              "samplers": "nested sampling"}),
    ("For Cobaya", {"theory": "SIDR, SIDREmulator, …", "likelihoods": "DESI, Planck, N_eff",
                    "emulator": "spectra in milliseconds"}),
    ("Physics", {"neutrinos": "what is left, as inputs", "thermal": "couplings to N_eff, G_eff",
                 "neff": "quantum kinetics", "oscillations": "PMNS, splittings",
                 "vmodel": "massless neutrinos", "precision": "settings of CLASS",
                 "continuation": "masses below 0"}),
    ("CLASS", {"classy": "Class, with chi"}),
    ("Ground floor", {"constants": "with their sources", "checks": "of arguments",
                      "numerics": "quadrature, Chebyshev",
                      "statistics": "ideal quantum gases", "files": "atomic writes, checksums",
                      "pools": "processes, MPI, arrays", "cores": "threads, affinity",
                      "yaml": "reads, never executes",
                      "checkout": "commit of results"}),
)

#: A call: what is done, where, and what is handed on
STEPS = (
    ("Sampler", "mcmc, Nautilus, minimize", "ω_b, ω_cdm, H0, …, m_nu_sum, log10_G_eff"),
    ("sidr.theory.SIDR", "parameters of a run; refuses what is impossible", "N_χ, N_ν, Σm_ν, G_eff"),
    ("sidr.neutrinos", "energy and masses shared between χ and ν", "N_sidr, N_ur, m_ncdm, T_ncdm, …"),
    ("CLASS: input, background", "ρ_χ(a), H(a), z_dec", "densities, distances"),
    ("CLASS: thermodynamics", "helium from the N_eff of nucleosynthesis", "x_e(z), r_drag"),
    ("CLASS: perturbations", "δ_χ, θ_χ, F_ℓ ≥ 2 damped at a Γ α_ℓ", "sources S(k, τ)"),
    ("CLASS: primordial, transfer, lensing", "a change of A_s or n_s alone starts here", "C_ℓ, P(k)"),
    ("Likelihoods", "Planck, DESI: ask for what they need", "χ² of each"),
    ("Sampler", "log-posterior; a point that fails is counted, with its reason", None),
)


def packages():
    """The modules of sidr in bands."""
    modules = {"likelihoods", *(module.name for module in pkgutil.iter_modules(sidr.__path__))}
    rest = dict.fromkeys(sorted(modules.difference(*(band for _, band in BANDS))), "")
    bands = [(title, {name: band[name] for name in band if name in modules}) for title, band in BANDS]
    if rest:
        bands.insert(-1, ("Shared", rest))
    parts, y = [], 10
    for title, band in bands:
        rows = -(-len(band) // 3)
        height = 58 * rows + 12
        parts += [box(0, y, WIDTH, height, "band"), text(12, y + height / 2 + 5, title, "title")]
        for i, (name, phrase) in enumerate(band.items()):
            x, top = 120 + i % 3 * 192, y + 10 + i // 3 * 58
            parts += [box(x, top, 182, 48),
                      text(x + 10, top + (20 if phrase else 29), f"sidr.{name}", "name"),
                      text(x + 10, top + 38, phrase, "small")]
        y += height + 20
        if title != bands[-1][0]:
            parts.append(arrow(WIDTH / 2, y - 20, y))
    return svg(parts, y - 10, "The packages of sidr in bands, from the command down to CLASS")


def likelihood_call():
    """What happens in one evaluation of the posterior."""
    parts, y = [], 10
    for title, phrase, handed in STEPS:
        parts += [box(60, y, WIDTH - 120, 50, "class" if title.startswith("CLASS") else "box"),
                  text(76, y + 21, title, "name"), text(76, y + 40, phrase, "small")]
        y += 50
        if handed:
            parts += [arrow(WIDTH / 2, y, y + 34), text(WIDTH / 2 + 12, y + 21, handed, "small")]
            y += 34
    return svg(parts, y + 10, "One evaluation of the posterior, from sampler to likelihoods")


def svg(parts, height, title):
    """A picture; the classes of its parts are coloured in _static/site.css."""
    head = ('<svg class="drawing" xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {WIDTH} {height:g}">'
            f"<title>{escape(title)}</title>"
            '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0 0 10 5 0 10z"/></marker></defs>')
    return f'<div class="figure-scroll">{head}{"".join(parts)}</svg></div>\n'


def box(x, y, width, height, kind="box"):
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>'


def text(x, y, content, kind):
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(content)}</text>'


def arrow(x, start, end):
    return f'<path class="arrow" d="M{x:g} {start:g}V{end:g}" marker-end="url(#tip)"/>'
