"""The page in a browser: it draws without a network, fits a phone and a desk, and prints whole."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from analysis.data.exports import Export
from analysis.report.write import write_report

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 120_000  # milliseconds: the machine may be busy with other work


@pytest.fixture(scope="module")
def report(pilot: Export, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(pilot.folder, tmp_path_factory.mktemp("page") / "report", simulated=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    system = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=system, args=OPTIONS)
        yield opened
        opened.close()


def opened(browser: Browser, report: Path, width: int) -> tuple[Page, list[str]]:
    """The drawn page at this width, and what it asked for or complained of on the way."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(PATIENCE)
    noticed: list[str] = []
    page.on("request", lambda request: noticed.append(request.url))
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.goto(report.as_uri(), timeout=PATIENCE)
    page.wait_for_selector("body[data-drawn=yes]")
    return page, [entry for entry in noticed if entry != report.as_uri()]


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_draws_every_figure_from_itself_and_fits_the_screen(
    browser: Browser, report: Path, width: int
) -> None:
    page, noticed = opened(browser, report, width)
    assert noticed == []
    plots = page.locator(".plot")
    assert plots.count() >= 20
    assert page.locator(".plot svg.main-svg").count() >= plots.count()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    widest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.plot svg.main-svg')]"
        ".map(svg => svg.getBoundingClientRect().right))"
    )
    assert widest <= width
    page.close()


def test_on_paper_figures_are_scaled_and_everything_is_unfolded(
    browser: Browser, report: Path
) -> None:
    page, _ = opened(browser, report, 1440)
    paper = page.pdf(prefer_css_page_size=True)
    assert 10 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 40
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 672, "height": 900})  # 178 mm
    heights = page.evaluate(
        "[...document.querySelectorAll('.plot')].map(plot => plot.getBoundingClientRect().height)"
    )
    assert min(heights) > 80
    assert page.evaluate("document.documentElement.scrollWidth") == 672
    assert page.locator("details:not([open])").count() == 0
    page.close()
