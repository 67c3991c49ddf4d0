"""How the pages fit: narrow screens, the monitor's guard, and what a visitor never sees."""

from __future__ import annotations

import json
import urllib.request

from playing import enrolled_at_round
from playwright.sync_api import Browser, Page, expect
from serving import ARMS, PASSWORD, Served
from visitor import (
    answer_background,
    consent,
    expect_drawn,
    expect_round,
    finish_practice,
    open_page,
    submit_button,
)

WIDEST = """() => Math.max(
    document.documentElement.scrollWidth,
    document.querySelector('[data-testid="stMain"]').scrollWidth,
)"""


def test_no_page_scrolls_sideways_on_a_phone(served: Served, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    widths: dict[str, int] = {}

    def measure(name: str) -> None:
        expect_drawn(page)
        widths[name] = page.evaluate(WIDEST)

    open_page(page, served.url)
    measure("welcome")
    consent(page)
    measure("background")
    answer_background(page)
    measure("practice")
    finish_practice(page)
    expect_round(page, 1)
    measure("round")
    submit_button(page, 1).click()
    expect(page.get_by_role("alert")).to_be_visible()
    measure("round with remarks")
    open_page(page, f"{served.url}/?t=nonsense")
    measure("problem")
    open_page(page, f"{served.url}/monitor")
    page.get_by_label("Researcher's password").fill(PASSWORD)
    page.get_by_role("button", name="Open the monitor").click()
    expect(page.get_by_text("Taking part")).to_be_visible()
    measure("monitor")
    context.close()
    assert {name: width for name, width in widths.items() if width > 390} == {}


def test_the_monitor_refuses_without_the_password_and_names_no_system(
    served: Served, page: Page
) -> None:
    enrolled_at_round(served.study, 2)
    frames: list[bytes] = []

    def keep(payload: str | bytes) -> None:
        frames.append(payload if isinstance(payload, bytes) else payload.encode())

    page.on("websocket", lambda socket: socket.on("framereceived", keep))
    open_page(page, f"{served.url}/monitor")
    expect(page.get_by_text("Taking part")).to_have_count(0)
    page.get_by_label("Researcher's password").fill("not the password at all")
    page.get_by_role("button", name="Open the monitor").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not the password")
    expect(page.get_by_text("Taking part")).to_have_count(0)

    page.get_by_label("Researcher's password").fill(PASSWORD)
    page.get_by_role("button", name="Open the monitor").click()
    expect(page.get_by_text("Taking part")).to_be_visible()
    expect(page.get_by_text("Ratings by slot")).to_be_visible()
    taking_part = page.get_by_test_id("stMetric").filter(has_text="Taking part")
    before = taking_part.inner_text()
    enrolled_at_round(served.study)
    expect(taking_part).not_to_have_text(before, use_inner_text=True)  # a live update as well
    received = b"".join(frames)
    assert b"Ratings by slot" in received
    assert not [name for name in ARMS if name.encode() in received]

    # Another session starts without the proof.
    page.reload()
    expect(page.get_by_label("Researcher's password")).to_be_visible()
    expect(page.get_by_text("Taking part")).to_have_count(0)


def test_participants_see_no_toolbar_menu_or_deploy_button(served: Served, page: Page) -> None:
    open_page(page, served.url)
    for part in ("stToolbar", "stMainMenu", "stAppDeployButton", "stSidebar"):
        expect(page.get_by_test_id(part)).not_to_be_visible()


def test_the_readiness_route_says_that_the_database_answers(served: Served) -> None:
    with urllib.request.urlopen(f"{served.url}/ready", timeout=5) as answer:
        assert answer.status == 200
        assert json.load(answer) == {"status": "ready"}
