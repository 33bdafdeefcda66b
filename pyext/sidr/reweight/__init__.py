r"""A finished run made exact: some of its samples are computed again, and all is weighted by the result.

A run with an emulator, with compressed likelihoods or with fast settings has sampled p; exact CLASS and
full likelihoods have q. `reweight` draws points of the run, computes q there, and says how far means,
limits, evidence and weights of the modes of q are from those of p::

    from sidr.reweight import reweight
    result = reweight("chains/quickstart", n=300)

It writes, with the root ``ROOT.post.exact`` as from Cobaya's `post`:

``.1.txt``
    The points with their weights, derived parameters and chi2, for getdist and ``sidr plot``.
``.summary.txt``, ``.summary.yaml``
    The result, as text and as YAML.
``.npz``
    What has been computed: after a kill the same call continues from there, also with another n.

Cobaya's own `post` computes all samples of a run, from the beginning after each stop, in one process
without MPI, and leaves out without a word what the new theory cannot compute.
"""

from .run import reweight

__all__ = ["reweight"]
