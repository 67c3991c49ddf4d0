"""A participant in a real browser: nothing is lost, nothing is stored twice."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playing import enrolled_at_round
from playwright.sync_api import Page, expect
from serving import ARMS, Served
from sqlmodel import func, select
from visitor import (
    CHOSEN,
    answer_background,
    choose_all,
    come_to_round,
    consent,
    expect_page,
    expect_round,
    open_page,
    submit_button,
    texts,
)

from study_app import participants
from study_app.storage.engine import reading
from study_app.storage.models import ParticipantRow, RatingRow
from study_app.wording import ENGLISH


def token_of(page: Page) -> str:
    return parse_qs(urlsplit(page.url).query)["t"][0]


def stored(served: Served, token: str) -> dict[int, list[int]]:
    """Round -> stored ratings of a participant."""
    who = participants.resume(served.study, token).id
    with reading(served.study.engine) as session:
        rows = session.exec(select(RatingRow).where(RatingRow.participant == who)).all()
    rounds: dict[int, list[int]] = {}
    for row in rows:
        rounds.setdefault(row.round, []).append(row.value)
    return rounds


def enrolled(served: Served) -> int:
    with reading(served.study.engine) as session:
        return session.exec(select(func.count()).select_from(ParticipantRow)).one()


def at_round_one(served: Served, page: Page) -> str:
    """A participant who has come to the first round by the services, and opens it here."""
    token, _ = enrolled_at_round(served.study)
    open_page(page, served.link(token))
    expect_round(page, 1)
    return token


def test_three_rounds_survive_refresh_back_second_tab_and_double_click(
    served: Served, page: Page
) -> None:
    come_to_round(page, served.url)
    who = token_of(page)

    # Round 1: a refresh in the middle keeps the place, the texts and what was chosen.
    before = texts(page)
    page.get_by_role("radiogroup").nth(0).locator("label").nth(4).click()
    page.get_by_role("radiogroup").nth(5).locator("label").nth(1).click()
    page.reload()
    expect_round(page, 1)
    assert texts(page) == before
    expect(page.locator(CHOSEN)).to_have_count(2)
    choose_all(page, 0)
    submit_button(page, 1).dblclick()
    expect_round(page, 2)
    assert stored(served, who) == {1: [1] * 12}

    # The back button after submitting: still round 2, and round 1 is stored once.
    page.go_back()
    expect_round(page, 2)
    expect(page.locator(CHOSEN)).to_have_count(0)
    assert stored(served, who) == {1: [1] * 12}

    # Round 2 in two tabs: both fill it, one submits first, the other is carried along.
    second = page.context.new_page()
    open_page(second, served.link(who))
    expect_round(second, 2)
    assert texts(second) == texts(page)
    choose_all(page, 1)
    choose_all(second, 2)
    submit_button(page, 2).click()
    expect_round(page, 3)
    submit_button(second, 2).click()
    expect_round(second, 3)
    second.close()
    assert stored(served, who) == {1: [1] * 12, 2: [2] * 12}

    # Round 3: an impatient participant.
    choose_all(page, 2)
    submit_button(page, 3).click(click_count=3, delay=5)
    expect_round(page, 4)
    assert stored(served, who) == {1: [1] * 12, 2: [2] * 12, 3: [3] * 12}
    assert who not in served.log.read_text()


def test_presses_as_fast_as_a_program_can_are_all_stored(served: Served, page: Page) -> None:
    who = at_round_one(served, page)
    page.evaluate(
        """() => {
            for (const group of document.querySelectorAll('[role="radiogroup"]'))
                group.querySelectorAll("input")[1].click();
            document.querySelector(".st-key-submit-1 button").click();
        }"""
    )
    expect_round(page, 2)
    assert stored(served, who) == {1: [2] * 12}


def test_going_back_in_the_browser_keeps_the_round_and_what_was_chosen(
    served: Served, page: Page
) -> None:
    come_to_round(page, served.url)
    choose_all(page, 1)
    submit_button(page, 1).click()
    expect_round(page, 2)
    choose_all(page, 3)
    chosen = page.locator(CHOSEN).count()
    page.go_back()
    expect(page).to_have_url(re.compile("[?&]t="))
    expect_round(page, 2)
    expect(page.locator(CHOSEN)).to_have_count(chosen)


def test_a_refresh_keeps_what_keys_chose_and_the_keyboard_at_the_heading(
    served: Served, page: Page
) -> None:
    at_round_one(served, page)
    first = page.get_by_role("radiogroup").first.locator("input")
    first.nth(0).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(first.nth(2)).to_be_checked()
    for _ in range(2):
        page.reload()
        expect_round(page, 1)
        expect(first.nth(2)).to_be_checked()
        expect(page.locator(CHOSEN)).to_have_count(1)
        expect(page.locator("h1")).to_be_focused()
    assert [*parse_qs(urlsplit(page.url).query)] == ["t"]  # no answer in the address


def test_another_participant_in_the_same_tab_starts_without_answers(
    served: Served, page: Page
) -> None:
    at_round_one(served, page)
    choose_all(page, 1)
    at_round_one(served, page)
    expect(page.locator(CHOSEN)).to_have_count(0)


def test_what_the_server_sends_a_participant_names_no_system(served: Served, page: Page) -> None:
    frames: list[bytes] = []

    def keep(payload: str | bytes) -> None:
        frames.append(payload if isinstance(payload, bytes) else payload.encode())

    page.on("websocket", lambda socket: socket.on("framereceived", keep))
    at_round_one(served, page)
    received = b"".join(frames)
    assert b"When to use" in received
    assert not [name for name in (*ARMS, "fake") if name.encode() in received]


def test_a_double_click_on_consent_enrols_one_participant(served: Served, page: Page) -> None:
    before = enrolled(served)
    open_page(page, served.url)
    page.get_by_text(ENGLISH.consent_agree).click()
    page.get_by_role("button", name=ENGLISH.consent_button).dblclick()
    expect_page(page, ENGLISH.background_title, ENGLISH.continue_)
    answer_background(page)  # the session takes presses in turn: the second click has been answered
    assert enrolled(served) == before + 1


def test_a_missing_answer_gets_the_keyboard_and_the_rest_stays(served: Served, page: Page) -> None:
    at_round_one(served, page)
    for number in (0, 1, 3):
        page.get_by_role("radiogroup").nth(number).locator("label").nth(1).click()
    submit_button(page, 1).click()
    expect(page.get_by_role("alert")).to_contain_text("10 answers are still missing")
    missing = page.get_by_role("radiogroup").nth(2)
    expect(missing.locator("input").first).to_be_focused()
    expect(missing).to_be_in_viewport()
    expect(page.locator(CHOSEN)).to_have_count(3)


def test_a_round_can_be_filled_and_submitted_with_the_keyboard_alone(
    served: Served, page: Page
) -> None:
    who = at_round_one(served, page)
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "[document.activeElement.type, document.activeElement.closest('button')?.innerText]"
        )
        if focused[0] == "radio":
            page.keyboard.press("Space")
            page.keyboard.press("ArrowRight")
        elif focused[1] == ENGLISH.submit_round:
            page.keyboard.press("Enter")
            break
    expect_round(page, 2)
    assert stored(served, who) == {1: [2] * 12}


def test_withdrawing_in_the_middle_deletes_and_ends(served: Served, page: Page) -> None:
    who = at_round_one(served, page)
    choose_all(page, 0)
    submit_button(page, 1).click()
    expect_round(page, 2)
    page.get_by_role("button", name=ENGLISH.withdraw_link).click()
    page.get_by_role("button", name=ENGLISH.withdraw_yes).click()
    expect(page.get_by_role("heading", name=ENGLISH.withdrawn_title)).to_be_visible()
    assert stored(served, who) == {}


def test_a_new_page_starts_at_its_top(served: Served, page: Page) -> None:
    open_page(page, served.url)
    consent(page)
    choose_all(page)
    page.get_by_role("button", name=ENGLISH.continue_).click()
    expect_page(page, ENGLISH.instructions_title, ENGLISH.practice_button)
    expect(page.get_by_role("heading", name=ENGLISH.instructions_title)).to_be_in_viewport()
    expect(page.locator("h1")).to_be_focused()
