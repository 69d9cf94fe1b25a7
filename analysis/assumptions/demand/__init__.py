"""The numbers we chose for demand, by what they are about; levels hold in mid-2025."""

from analysis.assumptions.demand import chips, load_shape, training, use
from analysis.assumptions.record import Assumption

ASSUMPTIONS: tuple[Assumption, ...] = (
    *training.ASSUMPTIONS,
    *use.ASSUMPTIONS,
    *chips.ASSUMPTIONS,
    *load_shape.ASSUMPTIONS,
)
