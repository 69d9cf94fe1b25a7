"""Numbers as words: one way of writing each kind of number, for prose, titles and captions."""

from __future__ import annotations

import calendar
import math

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NAMES = ((1e15, "quadrillion"), (1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def digits(value: float, significant: int = 2) -> str:
    """A number to so many significant digits, without an exponent: 0.0164, 4.3, 93, 1,200."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    places = significant - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    # Rounding can carry into a new digit (9.96 -> 10).
    places = max(significant - 1 - math.floor(math.log10(abs(rounded))), 0)
    return f"{rounded:,.{places}f}".replace("-", "−")


def percent(share: float, significant: int = 2) -> str:
    """A fraction as a percentage: 0.2999 is 30%."""
    return f"{digits(100 * share, significant)}%"


def power(value: float, significant: int = 2) -> str:
    """A large number as mantissa and power of ten: 2.1 × 10²⁵; a bare power where it is one."""
    exponent = math.floor(math.log10(abs(value)) + 1e-12)
    mantissa = digits(value / 10**exponent, significant)
    tens = f"10{str(exponent).translate(_SUPERSCRIPT)}"
    return tens if float(mantissa) == 1 else f"{mantissa} × {tens}"


def count(value: float, significant: int = 2) -> str:
    """A count in plain words: 402 billion, 16 trillion, 240."""
    for size, name in _NAMES:
        if abs(value) >= size * 0.9995:
            return f"{digits(value / size, significant)} {name}"
    return digits(value, max(significant, 1 + math.floor(math.log10(max(abs(value), 1)))))


def usd(value: float, significant: int = 2) -> str:
    """Dollars in plain words: 5.0 billion USD.

    No dollar sign: in prose two of them make a formula.
    """
    sign = "−" if value < 0 else ""
    return f"{sign}{count(abs(value), significant)} USD"


def month(date: str) -> str:
    """A date of the form YYYY-MM or YYYY-MM-DD by its month: June 2025."""
    year, number = date.split("-")[:2]
    return f"{calendar.month_name[int(number)]} {year}"


def share_of(part: int, whole: int) -> str:
    """A count out of a count, to open a sentence: 'All 5', '4 of 5'."""
    return f"All {whole}" if part == whole else f"{part} of {whole}"


def span(low: str, high: str) -> str:
    """An interval in words, its common unit said once: '24% to 34%', '4.1 to 4.9'."""
    return f"{low} to {high}"
