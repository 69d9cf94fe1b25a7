"""The pages as a reader meets them: with and without JavaScript, by keyboard, from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.book, pytest.mark.browser]
SERIOUS = {"serious", "critical"}
# Read with the page hidden to a reader of the screen alone: Vega fills the box of a seen chart.
LIVE = "[...document.querySelectorAll('.book-chart')].every(c => c.dataset.live === 'true')"


def all_pages(book: Path) -> list[Path]:
    """One page of each kind, and every chapter and figure page."""
    chapters = sorted((book / "chapters").glob("*.html"))
    figures = sorted((book / "figures").glob("*.html"))
    code = sorted((book / "code").rglob("*.html"))[:1]
    tables = sorted((book / "data").glob("*.html"))[:1]
    return [*chapters, *figures, *code, *tables, book / "search.html", book / "genindex.html"]


def open_page(browser: Any, path: Path, theme: str = "light", **options: Any) -> tuple[Any, list]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
    page = context.new_page()
    foreign: list[str] = []
    page.on(
        "request",
        lambda r: foreign.append(r.url) if not r.url.startswith(("file:", "data:", "blob:")) else 0,
    )
    page.add_init_script(
        f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
    )
    page.goto(path.as_uri())
    return page, foreign


def scroll_through(page: Any) -> None:
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 700):
        page.evaluate(f"window.scrollTo(0, {top})")
        page.wait_for_timeout(40)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(book: Path, browser: Any, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = []
    for path in all_pages(book):
        page, _ = open_page(browser, path, theme)
        page.wait_for_timeout(150)
        for violation in axe.run(page).response["violations"]:
            if violation["impact"] in SERIOUS:
                targets = [node["target"] for node in violation["nodes"]][:3]
                found.append((path.relative_to(book).as_posix(), violation["id"], targets))
        page.context.close()
    assert not found


def test_no_page_asks_another_host_or_reports_an_error(book: Path, browser: Any) -> None:
    for path in all_pages(book):
        page, foreign = open_page(browser, path)
        errors: list[str] = []
        page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
        scroll_through(page)
        assert not foreign, path
        assert not errors, path
        page.context.close()


@pytest.mark.parametrize("topic", ["scaling_laws", "test_time_compute"])
def test_charts_come_alive_from_disk_without_moving_anything(
    book: Path, browser: Any, topic: str
) -> None:
    page, _ = open_page(browser, book / "chapters" / f"{topic}.html")
    page.evaluate(
        """() => { window.shift = 0; new PerformanceObserver(list => {
        for (const e of list.getEntries()) if (!e.hadRecentInput) window.shift += e.value;
        }).observe({type: 'layout-shift', buffered: true}); }"""
    )
    before = page.evaluate("document.documentElement.scrollHeight")
    scroll_through(page)
    page.wait_for_function(LIVE, timeout=20_000)
    assert page.evaluate("document.documentElement.scrollHeight") == pytest.approx(before, abs=4)
    assert page.evaluate("window.shift") < 0.01
    page.context.close()


def test_every_figure_is_seen_without_javascript(
    book: Path, browser: Any, index: list[dict]
) -> None:
    for topic in {record["topic"] for record in index}:
        page, _ = open_page(browser, book / "chapters" / f"{topic}.html", java_script_enabled=False)
        charts = page.locator(".book-chart")
        assert charts.count() == sum(record["topic"] == topic for record in index)
        for number in range(charts.count()):
            box = charts.nth(number).locator("svg").first.bounding_box()
            assert box is not None
            assert box["width"] > 300
            assert box["height"] > 150
        page.context.close()


CUT_OFF = """() => [...document.querySelectorAll('.book-chart')].flatMap(chart => {
  const figure = chart.closest('figure, .book-figure');
  const name = (figure || chart).id || chart.dataset.figure || 'a figure';
  return [...chart.querySelectorAll('svg')].filter(svg => svg.checkVisibility()).flatMap(svg => {
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(text => {
      const box = text.getBoundingClientRect();
      return box.width && (box.left < frame.left - 2 || box.right > frame.right + 2);
    }).map(text => name + ': ' + text.textContent);
  });
})"""


@pytest.mark.parametrize("width", [390, 1280])
def test_no_word_of_a_picture_is_cut_off(
    book: Path, browser: Any, index: list[dict], width: int
) -> None:
    for topic in sorted({record["topic"] for record in index}):
        page, _ = open_page(browser, book / "chapters" / f"{topic}.html", java_script_enabled=False)
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(CUT_OFF) == [], topic
        page.context.close()


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_is_wider_than_a_phone(book: Path, browser: Any, width: int) -> None:
    for path in all_pages(book):
        page, _ = open_page(browser, path)
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.context.close()


@pytest.mark.parametrize(
    "place",
    ["figures/tenfold-gain.html", "chapters/scaling_laws.html", "chapters/test_time_compute.html"],
)
def test_the_keyboard_reaches_every_control_of_a_figure(
    book: Path, browser: Any, place: str
) -> None:
    page, _ = open_page(browser, book / place)
    scroll_through(page)
    page.wait_for_function(LIVE, timeout=20_000)
    page.evaluate("window.scrollTo(0, 0)")
    wanted = page.evaluate(
        """() => { window.reached = new Set();
        window.controls = ['a[href]', 'summary', 'th button', 'input', '.book-reset',
            '.book-preset']
          .flatMap(kind => ['.book-page ' + kind, '.book-figure ' + kind]).join(', ');
        const found = [...document.querySelectorAll(window.controls)];
        return found.filter(e => e.checkVisibility() && !e.hidden).length; }"""
    )
    reached = 0
    for _ in range(wanted + 200):
        page.keyboard.press("Tab")
        reached = page.evaluate(
            """() => { const e = document.activeElement;
            if (e.matches(window.controls)) window.reached.add(e);
            return window.reached.size; }"""
        )
    assert reached >= wanted
    page.context.close()


def test_a_table_sorts_by_a_click_on_its_header(
    book: Path, browser: Any, index: list[dict]
) -> None:
    page, _ = open_page(browser, book / "data" / "training_runs.html")
    headers = page.locator("table.book-sortable th button")
    column = headers.all_inner_texts().index("training_flop")
    headers.nth(column).click()
    cells = page.locator(f"table.book-sortable tbody tr td:nth-child({column + 1})")
    values = [float(text) for text in cells.all_inner_texts() if text]
    assert values == sorted(values)
    page.context.close()


def test_print_shows_every_figure(book: Path, browser: Any, tmp_path: Path) -> None:
    page, _ = open_page(browser, book / "chapters" / "scaling_laws.html")
    page.emulate_media(media="print")
    hidden = page.evaluate(
        "[...document.querySelectorAll('.book-chart')].filter(c => !c.checkVisibility()).length"
    )
    assert hidden == 0
    assert len(page.pdf(path=tmp_path / "chapter.pdf")) > 50_000
    page.context.close()
