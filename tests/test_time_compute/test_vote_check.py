"""The model of voting against published votes it was not fitted to."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.test_time_compute.findings import sampling
from analysis.test_time_compute.success_rates import BetaBinomial
from analysis.test_time_compute.vote_check import concentration_from_coverage, predicted_vote
from analysis.test_time_compute.voting import rival_shares


@pytest.mark.parametrize("planted", [0.2, 1.0, 8.0])
def test_a_planted_concentration_is_found_again(planted: float) -> None:
    covered = float(BetaBinomial(0.4 * planted, 0.6 * planted).coverage(64))
    assert concentration_from_coverage(0.4, covered, 64) == pytest.approx(planted, rel=1e-6)


def test_a_vote_over_alike_problems_goes_to_the_mode() -> None:
    shares = rival_shares(5)
    assert predicted_vote(0.4, 900.0, shares, 401, draws=200, seed=1) > 0.99
    assert predicted_vote(0.1, 900.0, shares, 401, draws=200, seed=1) < 0.05


def test_a_vote_over_easy_or_hopeless_problems_adds_nothing() -> None:
    assert predicted_vote(0.4, 0.002, rival_shares(5), 63, draws=50, seed=1) == pytest.approx(
        0.4, abs=0.02
    )


def test_published_votes_are_predicted_within_the_luck_of_thirty_problems() -> None:
    """Pairs of other models set the spread; none of these votes did."""
    check = sampling.vote_check()
    luck = np.sqrt((check["published"] * (1 - check["published"]) / 30).mean())
    error = check["predicted"] - check["published"]
    assert len(check) > 10
    assert np.sqrt((error**2).mean()) < 1.5 * luck
    assert np.corrcoef(check["predicted"], check["published"])[0, 1] > 0.9


def test_shares_that_no_distribution_joins_are_refused() -> None:
    with pytest.raises(ValueError, match=r"any_right: 0\.3 does not go with 0\.4"):
        concentration_from_coverage(0.4, 0.3, 64)
    with pytest.raises(ValueError, match="one_try"):
        concentration_from_coverage(1.2, 0.9, 64)
    with pytest.raises(ValueError, match="concentration"):
        predicted_vote(0.4, -1.0, rival_shares(5), 11, draws=5, seed=1)
