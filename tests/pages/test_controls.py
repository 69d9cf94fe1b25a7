"""A slider in the page and the function in Python give the same number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.figures import REGISTRY
from analysis.scaling_laws import findings
from analysis.scaling_laws.returns import assumed_tenfold_gain

pytestmark = [pytest.mark.book, pytest.mark.browser]
SCENARIOS = 200
CONTROLLED = [figure_id for figure_id in REGISTRY if REGISTRY.build(figure_id).controls]
READ = """async (settings) => {
  const view = document.querySelector('.book-chart').bookViews[0];
  const found = [];
  for (const values of settings) {
    for (const [name, value] of Object.entries(values)) view.signal(name, value);
    await view.runAsync();
    const names = Object.keys(view._runtime.data).filter(name => name.startsWith('data_'));
    const tables = names.map(name => view.data(name));
    const rows = tables.find(table => table.length && 'assumed_percent' in table[0]);
    found.push(rows.map(row => [row.train_flop, row.assumed_percent]));
  }
  return found;
}"""


@pytest.fixture
def page(book: Path, browser: Any) -> Any:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.goto((book / "figures" / "tenfold-gain.html").as_uri())
    opened.wait_for_function("document.querySelector('.book-chart').dataset.live === 'true'")
    yield opened
    context.close()


def test_page_and_python_agree_on_sampled_scenarios(page: Any) -> None:
    rng = np.random.default_rng(11)
    controls = REGISTRY.build("tenfold-gain").controls
    settings = [
        {control.name: rng.uniform(control.low, control.high) for control in controls}
        for _ in range(SCENARIOS)
    ]
    for values, rows in zip(settings, page.evaluate(READ, settings), strict=True):
        compute, percent = np.array(rows, dtype=float).T
        expected = 100 * assumed_tenfold_gain(
            compute,
            values["assumed_floor"],
            values["assumed_share"],
            anchor_flop=findings.ANCHOR_FLOP,
            anchor_loss=findings.anchor_loss(),
        )
        np.testing.assert_allclose(percent, expected, rtol=1e-9)


def test_a_slider_moves_by_keyboard_says_its_value_and_resets(page: Any) -> None:
    slider = page.locator("#control-tenfold-gain-assumed_floor")
    before = float(slider.input_value())
    slider.focus()
    page.keyboard.press("ArrowLeft")
    after = float(slider.input_value())
    assert after == pytest.approx(before - 0.01)
    assert slider.get_attribute("aria-valuetext") == f"{after:.4g} nats per token"
    signal = "document.querySelector('.book-chart').bookViews[1].signal('assumed_floor')"
    assert page.evaluate(signal) == pytest.approx(after)
    page.locator(".book-reset").click()
    assert float(slider.input_value()) == pytest.approx(before)


def test_the_picture_does_not_move_when_the_sliders_come_alive(page: Any) -> None:
    box = page.locator(".book-controls").bounding_box()
    assert box is not None
    assert box["height"] > 60
    assert not page.locator(".book-controls").get_attribute("disabled")


def test_without_a_move_the_readers_law_lies_on_the_refit() -> None:
    figure = REGISTRY.build("tenfold-gain")
    values = {control.name: control.central for control in figure.controls}
    ours = figure.frame.loc[figure.frame["law"] == findings.REFIT_LABEL]
    gain = 100 * assumed_tenfold_gain(
        ours["train_flop"].to_numpy(),
        values["assumed_floor"],
        values["assumed_share"],
        anchor_flop=findings.ANCHOR_FLOP,
        anchor_loss=findings.anchor_loss(),
    )
    np.testing.assert_allclose(gain, ours["gain_percent"], rtol=0.04)


def test_every_controlled_figure_is_tested_here() -> None:
    assert CONTROLLED == ["tenfold-gain"]
