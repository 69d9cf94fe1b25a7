"""Refuse numbers and shapes a model cannot take: the value, its row, what is accepted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def _numbers(name: str, values: Any, accepted: str) -> np.ndarray:
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "biufO" or any(isinstance(v, str) for v in _objects(given)):
            raise TypeError("neither whole nor real")
        return given.astype(np.float64)
    except (TypeError, ValueError) as cause:
        raise ValueError(f"{name}: {values!r} is not a number; accepted: {accepted}") from cause


def _objects(given: np.ndarray) -> list[Any]:
    return given.ravel().tolist() if given.dtype.kind == "O" else []


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
    good = np.isfinite(numbers) & (numbers >= lowest) & (numbers == np.floor(numbers))
    _refuse_first(name, numbers, ~good, accepted)
    return numbers


def require_at_least(
    name: str, values: Any, lowest: float, unit: str, *, highest: float = math.inf
) -> np.ndarray:
    """Finite numbers as float64, after refusing the first below `lowest` or above `highest`."""
    most = f" and at most {highest:g}" if math.isfinite(highest) else ""
    accepted = f"finite and at least {lowest:g}{most} in {unit}"
    numbers = _numbers(name, values, accepted)
    good = np.isfinite(numbers) & (numbers >= lowest) & (numbers <= highest)
    _refuse_first(name, numbers, ~good, accepted)
    return numbers


def require_above(
    name: str, values: Any, lowest: float, unit: str, *, infinite: bool = False
) -> np.ndarray:
    """Numbers as float64, after refusing the first that is not above `lowest`, or not finite."""
    accepted = (
        f"above {lowest:g} in {unit}" if infinite else f"finite and above {lowest:g} in {unit}"
    )
    numbers = _numbers(name, values, accepted)
    good = (numbers > lowest) & (np.isfinite(numbers) | infinite)
    _refuse_first(name, numbers, ~good, accepted)
    return numbers


def require_finite(name: str, values: Any, unit: str) -> np.ndarray:
    """Numbers as float64, after refusing the first that is not finite."""
    accepted = f"finite, in {unit}"
    numbers = _numbers(name, values, accepted)
    _refuse_first(name, numbers, ~np.isfinite(numbers), accepted)
    return numbers


def require_share(name: str, values: Any, *, positive: bool = False) -> np.ndarray:
    """Shares as float64, after refusing the first outside 0 to 1, or at 0 where it divides."""
    accepted = "a share above 0 and at most 1" if positive else "a share from 0 to 1"
    numbers = _numbers(name, values, accepted)
    good = (numbers >= 0) & (numbers <= 1) & ((numbers > 0) | (not positive))
    _refuse_first(name, numbers, ~good, accepted)
    return numbers


def broadcast(**named: Any) -> tuple[np.ndarray, ...]:
    """The arguments as arrays of one shape, in the order given.

    Raises
    ------
    ValueError
        Where an argument is empty, or shapes do not go together; names the arguments.
    """
    arrays = {name: np.asarray(values) for name, values in named.items()}
    for name, values in arrays.items():
        if values.size == 0:
            raise ValueError(f"{name} is empty; give at least one")
    try:
        return tuple(np.broadcast_arrays(*arrays.values()))
    except ValueError as cause:
        several = {name: values.shape for name, values in arrays.items() if values.size > 1}
        shapes = ", ".join(f"{name} {shape}" for name, shape in several.items())
        raise ValueError(
            f"shapes do not go together: {shapes}; accepted: one number, or as many of each"
        ) from cause


def require_columns(name: str, table: pd.DataFrame, needed: Sequence[str]) -> None:
    """Refuse a table without a row, or without one of the columns needed."""
    missing = [column for column in needed if column not in table]
    if missing or table.empty:
        raise ValueError(f"{name}: {len(table)} rows lacking {missing}; needed: {list(needed)}")
