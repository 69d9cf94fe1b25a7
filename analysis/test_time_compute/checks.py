"""Refuse probabilities and counts a model cannot take: the value, its row, what is accepted."""

from __future__ import annotations

from typing import Any

import numpy as np


def _numbers(name: str, values: Any, accepted: str) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise ValueError(f"{name}: {values!r} is not a number; accepted: {accepted}") from cause


def _refuse_first(name: str, numbers: np.ndarray, bad: np.ndarray, accepted: str) -> None:
    if not bad.any():
        return
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    where = "" if numbers.ndim == 0 else f", row {index[0] if len(index) == 1 else index}"
    raise ValueError(
        f"{name}{where}: {float(numbers[index])!r} is not accepted; accepted: {accepted}"
    )


def require_probability(name: str, values: Any) -> np.ndarray:
    """Probabilities as float64, after refusing the first that is not from 0 to 1.

    Parameters
    ----------
    name : str
        What the numbers are, for the message.
    values : array_like
        Numbers of any shape.

    Returns
    -------
    numpy.ndarray
        The same numbers in the same shape.

    Raises
    ------
    ValueError
        With the value, its row and what is accepted; NaN is refused.
    """
    accepted = "a probability from 0 to 1"
    numbers = _numbers(name, values, accepted)
    _refuse_first(name, numbers, ~((numbers >= 0) & (numbers <= 1)), accepted)
    return numbers


def require_counts(name: str, values: Any, *, lowest: int = 1) -> np.ndarray:
    """Whole numbers as float64, after refusing the first that is not whole or below `lowest`.

    Parameters
    ----------
    name : str
        What the numbers are, for the message.
    values : array_like
        Numbers of any shape, below 2**53.
    lowest : int
        Smallest count accepted.

    Returns
    -------
    numpy.ndarray of float64
        The same numbers in the same shape.

    Raises
    ------
    ValueError
        With the value, its row and what is accepted; NaN and infinity are refused.
    """
    accepted = f"a whole number, at least {lowest}"
    numbers = _numbers(name, values, accepted)
    with np.errstate(invalid="ignore"):
        good = np.isfinite(numbers) & (numbers >= lowest) & (numbers == np.floor(numbers))
    _refuse_first(name, numbers, ~good, accepted)
    return numbers


def require_at_least(name: str, values: Any, lowest: float, unit: str) -> np.ndarray:
    """Finite numbers as float64, after refusing the first below `lowest`."""
    accepted = f"finite and at least {lowest:g} in {unit}"
    numbers = _numbers(name, values, accepted)
    with np.errstate(invalid="ignore"):
        good = np.isfinite(numbers) & (numbers >= lowest)
    _refuse_first(name, numbers, ~good, accepted)
    return numbers
