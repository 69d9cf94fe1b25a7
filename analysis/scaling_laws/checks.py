"""Refuse numbers a model cannot take, with the value, its place and what is accepted."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np


def require_positive(name: str, values: Any, unit: str) -> Any:
    """Numbers as float64, after refusing the first that is not finite and above zero.

    Parameters
    ----------
    name, unit : str
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
        With the value, its index and what is accepted.
    """
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise ValueError(
            f"{name}: {values!r} is not a number; accepted: finite and above 0 in {unit}"
        ) from cause
    bad = ~(np.isfinite(numbers) & (numbers > 0))
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        where = "" if numbers.ndim == 0 else f" at index {index[0] if len(index) == 1 else index}"
        raise ValueError(
            f"{name}{where}: {float(numbers[index])!r} is not accepted; "
            f"accepted: finite and above 0 in {unit}"
        )
    return numbers


def require_coefficients(law: Any, *, may_be_zero: tuple[str, ...] = ()) -> None:
    """Refuse a frozen law with a field that is not one finite number above zero.

    Parameters
    ----------
    law : dataclass instance
        Its fields are the coefficients.
    may_be_zero : tuple of str
        Fields that may also be zero.

    Raises
    ------
    ValueError
        With the law, the field, its value and what is accepted.
    """
    for field in fields(law):
        value = getattr(law, field.name)
        lowest = "at least 0" if field.name in may_be_zero else "above 0"
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        accepted = number >= 0 if field.name in may_be_zero else number > 0
        if not (math.isfinite(number) and accepted):
            raise ValueError(
                f"{type(law).__name__} coefficient {field.name}: {value!r} is not accepted; "
                f"accepted: one finite number {lowest}"
            )
