"""Pictures of every screen, to look at: `python tests/study_app/browser/screenshots.py --out DIR`.

Goes through the whole study in Chromium at each width, in light and dark. Without --url it serves
the null study with arms that take a few seconds, so that the waiting can be seen. With --url it
visits a running application, for example the one of `make run` for the README's pictures.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

sys.path[:0] = [str(Path(__file__).parents[level]) for level in (1, 3)]  # playing, study_app

HEIGHTS = {390: 844, 768: 1024, 1440: 900}
SCHEMES = ("light", "dark")
SECONDS_A_TEXT = 3.0
PATIENCE = 120_000  # milliseconds for any step, on a busy machine


class Album:
    """Saves pictures of one page as NAME-WIDTH-SCHEME.png."""

    def __init__(self, page: Page, folder: Path, width: int, scheme: str) -> None:
        self.page = page
        self.folder = folder
        self.width = width
        self.scheme = scheme

    def take(self, name: str, *, whole: bool = True) -> None:
        """A picture of the whole page, or of what is in view."""
        self.page.wait_for_timeout(600)
        height = HEIGHTS[self.width]
        if whole:  # Streamlit scrolls inside the page, so the window grows to hold all of it
            inner = "document.querySelector('[data-testid=\"stMain\"]').scrollHeight"
            self._resize(max(height, int(self.page.evaluate(inner))))
        path = self.folder / f"{name}-{self.width}-{self.scheme}.png"
        self.page.screenshot(path=str(path))
        self._resize(height)
        print(path)

    def _resize(self, height: int) -> None:
        self.page.set_viewport_size({"width": self.width, "height": height})
        self.page.wait_for_timeout(400)


def main(argv: Sequence[str] | None = None) -> int:
    """Take the pictures; 0 when all are there."""
    options = _options(argv)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    with _application(options) as (url, password), sync_playwright() as playwright:
        from visitor import launch

        browser = launch(playwright)
        for width in options.widths:
            for scheme in options.schemes:
                _participant(browser, url, out, width, scheme)
                _others(browser, url, password, out, width, scheme)
        browser.close()
    return 0


def _participant(browser: Browser, url: str, out: Path, width: int, scheme: str) -> None:
    """From the welcome to the completion code."""
    import visitor

    from study_app.wording import ENGLISH

    page, album = _open(browser, out, width, scheme)
    visitor.open_page(page, url)
    album.take("welcome")
    visitor.consent(page)
    album.take("background")
    page.get_by_role("button", name=ENGLISH.continue_).click()
    expect(page.get_by_role("alert")).to_be_visible()
    album.take("background-missing")
    visitor.answer_background(page)
    album.take("practice")
    visitor.finish_practice(page)
    visitor.expect_round(page, 1)
    album.take("round-in-view", whole=False)
    album.take("round")
    page.get_by_role("radiogroup").nth(1).locator("label").nth(3).click()
    visitor.submit_button(page, 1).click()
    expect(page.get_by_role("alert")).to_be_visible()
    album.take("round-missing-in-view", whole=False)
    album.take("round-missing")
    page.get_by_role("button", name=ENGLISH.withdraw_link).click()
    expect(page.get_by_role("button", name=ENGLISH.withdraw_yes)).to_be_visible()
    album.take("withdraw", whole=False)
    page.get_by_role("button", name=ENGLISH.withdraw_no).click()
    closing = page.get_by_role("button", name=ENGLISH.closing_button)
    number = 1
    while not closing.is_visible():
        visitor.expect_round(page, number)
        visitor.choose_all(page, number % 5)
        visitor.submit_button(page, number).click()
        number += 1
        following = page.locator(f".st-key-submit-{number} button")
        if number == 2:
            expect(page.locator(".skeleton").first.or_(following)).to_be_visible()
            album.take("waiting", whole=False)
        expect(following.or_(closing)).to_be_visible()
    album.take("closing")
    visitor.choose_all(page, 1)
    closing.click()
    expect(page.get_by_role("heading", name=ENGLISH.debrief_title, exact=True)).to_be_visible()
    album.take("debrief")
    page.context.close()


def _others(browser: Browser, url: str, password: str, out: Path, width: int, scheme: str) -> None:
    """The ends that most participants never see, and the monitor."""
    import visitor

    from study_app.wording import ENGLISH

    page, album = _open(browser, out, width, scheme)
    visitor.open_page(page, f"{url}/?t=nonsense")
    album.take("bad-link")
    visitor.open_page(page, f"{url}/monitor")
    album.take("monitor-password")
    page.get_by_label("Researcher's password").fill(password)
    page.get_by_role("button", name="Open the monitor").click()
    expect(page.get_by_text("Last events")).to_be_visible()
    page.wait_for_timeout(2_000)
    album.take("monitor-in-view", whole=False)
    album.take("monitor")
    page.context.close()

    page, album = _open(browser, out, width, scheme)
    visitor.open_page(page, url)
    visitor.consent(page)
    visitor.choose_all(page, 1)  # "No" to the first question
    page.get_by_role("button", name=ENGLISH.continue_).click()
    expect(page.get_by_role("heading", name=ENGLISH.screened_title)).to_be_visible()
    album.take("screened-out")
    page.context.close()

    page, album = _open(browser, out, width, scheme)
    visitor.open_page(page, url)
    visitor.consent(page)
    page.get_by_role("button", name=ENGLISH.withdraw_link).click()
    page.get_by_role("button", name=ENGLISH.withdraw_yes).click()
    expect(page.get_by_role("heading", name=ENGLISH.withdrawn_title)).to_be_visible()
    album.take("withdrawn")
    page.context.close()


def _open(browser: Browser, out: Path, width: int, scheme: str) -> tuple[Page, Album]:
    page = browser.new_context(
        viewport={"width": width, "height": HEIGHTS[width]},
        color_scheme="dark" if scheme == "dark" else "light",
    ).new_page()
    page.set_default_timeout(PATIENCE)
    return page, Album(page, out, width, scheme)


@contextmanager
def _application(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    from serving import PASSWORD, serve

    if options.url:
        yield options.url.rstrip("/"), os.environ["HARE_RESEARCHER_PASSWORD"]
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), seconds_a_text=SECONDS_A_TEXT) as served,
    ):
        yield served.url, PASSWORD


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pictures of every screen.")
    parser.add_argument("--out", required=True, help="folder for the pictures")
    parser.add_argument(
        "--url",
        help="a running application; its password is read from HARE_RESEARCHER_PASSWORD",
    )
    parser.add_argument("--widths", type=int, nargs="+", choices=HEIGHTS, default=list(HEIGHTS))
    parser.add_argument("--schemes", nargs="+", choices=SCHEMES, default=list(SCHEMES))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
