"""Demand for training and inference, 2019 to 2030, in one model with its uncertainty."""

from analysis.demand.published_splits import observations
from analysis.demand.service import project, simulate

__all__ = ["observations", "project", "simulate"]
