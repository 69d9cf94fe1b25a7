"""Hardware: what serving and training ask of a chip, and which chip is cheapest for which work."""

from analysis.hardware.predictions import predict_benchmarks
from analysis.hardware.service import serve

__all__ = ["predict_benchmarks", "serve"]
