"""What a participant does in the browser: the steps that several tests and the pictures share."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from study_app.wording import ENGLISH

CHROMIUM_OPTIONS = [
    "--no-sandbox",  # Chromium's own sandbox does not run for root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

QUESTIONS = '[class*="st-key-scale-"], [class*="st-key-choice-"]'
CHOSEN = '[role="radiogroup"] input:checked'


def launch(playwright: Playwright) -> Browser:
    """The system's Chromium, else Playwright's own; a clear error when there is neither."""
    system = shutil.which("chromium") or shutil.which("chromium-browser")
    if system is None and not Path(playwright.chromium.executable_path).exists():
        raise RuntimeError(
            "No browser for the tests: install Debian's chromium (apt-get install chromium) or run "
            "`python -m playwright install chromium`."
        )
    return playwright.chromium.launch(executable_path=system, args=CHROMIUM_OPTIONS)


def open_page(page: Page, url: str) -> None:
    """Open an address and wait for the page's heading."""
    page.goto(url)
    expect(page.locator("h1")).to_be_visible()


def expect_page(page: Page, heading: str, button: str) -> None:
    """Wait until a page is there from its heading to its button."""
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=button)).to_be_visible()
    expect_drawn(page)


def consent(page: Page) -> None:
    """Agree to take part."""
    page.get_by_text(ENGLISH.consent_agree).click()
    page.get_by_role("button", name=ENGLISH.consent_button).click()
    expect_page(page, ENGLISH.background_title, ENGLISH.continue_)


def expect_drawn(page: Page) -> None:
    """Wait until the script has run to its end and every question has its widget.

    The widgets of a page come one by one, in any order, each when its code is loaded: that the last
    of them is there says nothing about the others.
    """
    expect(page.locator('.stApp[data-test-script-state="notRunning"]')).to_be_visible()
    questions = page.locator(QUESTIONS)
    expect(questions.filter(has_not=page.get_by_role("radiogroup"))).to_have_count(0)


def choose_all(page: Page, number: int = 0) -> None:
    """Choose the same option, counted from 0, at every question; the last where it has fewer."""
    expect_drawn(page)
    groups = page.get_by_role("radiogroup")
    for group in groups.all():
        options = group.locator("input")
        option = options.nth(min(number, options.count() - 1))
        option.evaluate("input => input.click()")
        expect(option).to_be_checked()
    expect(page.locator(CHOSEN)).to_have_count(groups.count())


def answer_background(page: Page) -> None:
    """Answer the questions about oneself so that the study goes on."""
    choose_all(page)
    page.get_by_role("button", name=ENGLISH.continue_).click()
    expect_page(page, ENGLISH.instructions_title, ENGLISH.practice_button)


def finish_practice(page: Page) -> None:
    """Fill the practice round."""
    choose_all(page, 2)
    page.get_by_role("button", name=ENGLISH.practice_button).click()


def expect_round(page: Page, number: int) -> None:
    """Wait until this round is shown with its texts."""
    heading = page.locator("h1", has_text=re.compile(f"^Round {number} of"))
    expect(heading).to_be_visible()
    expect(submit_button(page, number)).to_be_visible()
    expect_drawn(page)


def come_to_round(page: Page, url: str) -> None:
    """From the link to the first round."""
    open_page(page, url)
    consent(page)
    answer_background(page)
    finish_practice(page)
    expect_round(page, 1)


def submit_button(page: Page, number: int) -> Locator:
    """The round's one primary button."""
    return page.locator(f".st-key-submit-{number} button")


def texts(page: Page) -> list[str]:
    """The texts on the page, from left to right."""
    return [card.inner_text() for card in page.locator('[class*="st-key-text-"]').all()]
