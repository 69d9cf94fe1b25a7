"""The numbers we chose for hardware: money and power, machines, kinds of work."""

from analysis.assumptions.hardware import machines, money, work
from analysis.assumptions.record import Assumption

ASSUMPTIONS: tuple[Assumption, ...] = (
    *money.ASSUMPTIONS,
    *machines.ASSUMPTIONS,
    *work.ASSUMPTIONS,
)
