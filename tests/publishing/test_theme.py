"""The palette is readable in both themes and to colour-blind readers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from analysis.publishing import theme

MODES = ("light", "dark")
TEXT = ("ink", "muted")
MARKS = ("training", "inference", "accent", "other")

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
COLOUR_BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(hex_colour: str) -> np.ndarray:
    channels = np.array([int(hex_colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(rgb: np.ndarray) -> float:
    return float(rgb @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(linear(one)), luminance(linear(other))), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", TEXT)
def test_text_has_the_contrast_of_wcag_aa(name: str, mode: str) -> None:
    column = MODES.index(mode)
    assert contrast(theme.PALETTE[name][column], theme.PALETTE["paper"][column]) >= 4.5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", MARKS)
def test_marks_have_the_contrast_of_graphical_objects(name: str, mode: str) -> None:
    column = MODES.index(mode)
    assert contrast(theme.PALETTE[name][column], theme.PALETTE["paper"][column]) >= 3.0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", COLOUR_BLINDNESS)
def test_training_and_inference_stay_apart_for_colour_blind_readers(kind: str, mode: str) -> None:
    column = MODES.index(mode)
    matrix = np.array(COLOUR_BLINDNESS[kind])
    for one, other in itertools.combinations(("training", "inference"), 2):
        colours = [lab(matrix @ linear(theme.PALETTE[name][column])) for name in (one, other)]
        assert np.linalg.norm(colours[0] - colours[1]) > 25


def test_resolving_leaves_no_variable_behind() -> None:
    text = " ".join(f"var(--book-{name})" for name in theme.PALETTE)
    for mode in MODES:
        assert "var(" not in theme.resolve(text, mode)
