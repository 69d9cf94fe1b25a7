"""Test-time compute: what sampling, thinking and agents buy, and what they cost.

`pass_at_k` gives the chance that one of k tries is right, from counts; `inference_aware_optimum`
the model that is cheapest to train and to serve; `break_even_queries` the number of questions below
which thinking longer is cheaper than training a better model.
"""

from analysis.test_time_compute.break_even import break_even_queries
from analysis.test_time_compute.coverage import pass_at_k
from analysis.test_time_compute.inference_aware import inference_aware_optimum

__all__ = ["break_even_queries", "inference_aware_optimum", "pass_at_k"]
