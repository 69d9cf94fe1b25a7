"""The numbers we chose for demand, by what they are about."""

from analysis.assumptions.demand import load_shape, model_inputs
from analysis.assumptions.record import Assumption

ASSUMPTIONS: tuple[Assumption, ...] = (*model_inputs.ASSUMPTIONS, *load_shape.ASSUMPTIONS)
