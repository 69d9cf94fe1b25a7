"""A slider in the page and the function in Python give the same number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.demand.findings import central_figure
from analysis.figures import REGISTRY
from analysis.hardware.findings import sliders
from analysis.scaling_laws import findings
from analysis.scaling_laws.returns import assumed_tenfold_gain
from analysis.test_time_compute.break_even import break_even_queries
from analysis.test_time_compute.findings import lifetime

pytestmark = [pytest.mark.book, pytest.mark.browser]
SCENARIOS = 200
READ = """async ([settings, column, key]) => {
  const view = document.querySelector('.book-chart').bookViews[0];
  const found = [];
  for (const values of settings) {
    for (const [name, value] of Object.entries(values)) view.signal(name, value);
    await view.runAsync();
    const names = Object.keys(view._runtime.data).filter(name => name.startsWith('data_'));
    const tables = names.map(name => view.data(name));
    const rows = tables.find(table => table.length && column in table[0]) || [];
    found.push(rows.map(row => [row[key], row[column]]));
  }
  return found;
}"""


def tenfold_gain(key: np.ndarray, values: dict[str, float]) -> Any:
    return 100 * assumed_tenfold_gain(
        key,
        values["assumed_floor"],
        values["assumed_share"],
        anchor_flop=findings.ANCHOR_FLOP,
        anchor_loss=findings.anchor_loss(),
    )


def break_even(key: np.ndarray, values: dict[str, float]) -> Any:
    settings = {k: float(f"{v:.6g}") for k, v in lifetime.break_even_settings().items()}
    rest = {name: value for name, value in values.items() if name != "exchange_elasticity"}
    return break_even_queries(key, values["exchange_elasticity"], **settings, **rest)


def price_by_batch(key: np.ndarray, values: dict[str, float]) -> Any:
    return sliders.price(sliders.CHIPS[0], key, values)


def chips_serving(key: np.ndarray, values: dict[str, float]) -> Any:
    return central_figure.at_the_sliders_start(key, **values).total("fleet", "chips", "inference")


def chips_training(key: np.ndarray, values: dict[str, float]) -> Any:
    return central_figure.at_the_sliders_start(key, **values).total("fleet", "chips", "training")


#: Each figure with sliders: the column its page computes, the column it computes it from, and the
#: Python function that says what it must be.
CHECKS: dict[str, tuple[str, str, Callable[[np.ndarray, dict[str, float]], Any]]] = {
    "tenfold-gain": ("assumed_percent", "train_flop", tenfold_gain),
    "break-even": ("assumed_queries", "training_multiple", break_even),
    "price-by-batch": ("moved_usd", "batch", price_by_batch),
    "training-and-inference": ("moved_inference", "year", chips_serving),
}
#: A figure with two lines has a second column to compare.
SECOND = {"training-and-inference": ("moved_training", "year", chips_training)}
CASES = [*CHECKS.items(), *SECOND.items()]


@pytest.fixture
def opened(book: Path, browser: Any) -> Any:
    contexts = []

    def open_figure(figure_id: str) -> Any:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}))
        page = contexts[-1].new_page()
        page.goto((book / "figures" / f"{figure_id}.html").as_uri())
        page.wait_for_function("document.querySelector('.book-chart').dataset.live === 'true'")
        return page

    yield open_figure
    for context in contexts:
        context.close()


@pytest.fixture
def page(opened: Any) -> Any:
    return opened("tenfold-gain")


@pytest.mark.parametrize(("figure_id", "check"), CASES)
def test_page_and_python_agree_on_sampled_scenarios(
    figure_id: str,
    check: tuple[str, str, Callable[[np.ndarray, dict[str, float]], Any]],
    opened: Any,
) -> None:
    rng = np.random.default_rng(11)
    controls = REGISTRY.build(figure_id).controls
    column, key, expected = check
    settings = [
        {control.name: rng.uniform(control.low, control.high) for control in controls}
        for _ in range(SCENARIOS)
    ]
    found = opened(figure_id).evaluate(READ, [settings, column, key])
    for values, rows in zip(settings, found, strict=True):
        assert len(rows) > 10
        places, shown = np.array(rows, dtype=float).T
        np.testing.assert_allclose(shown, expected(places, values), rtol=1e-9)


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


def test_without_a_move_the_readers_break_even_lies_on_the_line() -> None:
    figure = REGISTRY.build("break-even")
    values = {control.name: control.central for control in figure.controls}
    line = figure.frame.loc[figure.frame["row"] == "break-even"]
    assumed = break_even(line["training_multiple"].to_numpy(), values)
    np.testing.assert_allclose(assumed, line["queries"], rtol=1e-5)


def test_every_controlled_figure_is_tested_here() -> None:
    controlled = {figure_id for figure_id in REGISTRY if REGISTRY.build(figure_id).controls}
    assert set(CHECKS) == controlled


#: Length and opacity of the lines in the reader's colour.
PURPLE = """() => Array.from(document.querySelectorAll('.book-chart__wide path'))
  .filter(path => (path.getAttribute('stroke') || '').includes('--book-accent'))
  .map(path => [path.getTotalLength(), Number(path.getAttribute('opacity') ?? 1)])"""


def test_a_view_moves_its_sliders_draws_the_lines_and_says_what_it_holds(opened: Any) -> None:
    page = opened("training-and-inference")
    figure = REGISTRY.build("training-and-inference")
    assert len(figure.presets) == 4
    assert not [line for line in page.evaluate(PURPLE) if line[0] > 50 and line[1] > 0]
    for preset in figure.presets:
        button = page.get_by_role("button", name=preset.label, exact=True)
        button.click()
        page.wait_for_timeout(300)
        for control in figure.controls:
            shown = float(page.locator(f"#control-{figure.id}-{control.name}").input_value())
            wanted = preset.values.get(control.name, control.central)
            assert shown == pytest.approx(wanted, abs=control.step / 2)
        assert button.get_attribute("aria-pressed") == "true"
        assert page.locator(".book-preset-says").text_content() == f"{preset.label}: {preset.says}."
        drawn = [line for line in page.evaluate(PURPLE) if line[0] > 50 and line[1] > 0]
        assert len(drawn) == 2
    page.locator(".book-reset").click()
    assert page.locator(".book-preset[aria-pressed=true]").count() == 0
