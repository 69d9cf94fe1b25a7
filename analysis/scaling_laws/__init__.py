"""Scaling laws: what training compute buys, and what it stops buying.

`fit_loss_law` fits L(N, D) = E + A / N**alpha + B / D**beta to runs, `bootstrap_loss_law` gives the
sampling distribution of the fit, `LossLaw` answers what a law implies.
"""

from analysis.scaling_laws.bootstrap import bootstrap_loss_law
from analysis.scaling_laws.fitting import fit_loss_law
from analysis.scaling_laws.laws import LossLaw

__all__ = ["LossLaw", "bootstrap_loss_law", "fit_loss_law"]
