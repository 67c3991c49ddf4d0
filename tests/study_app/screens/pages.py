"""Reading and filling pages in Streamlit's tester."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from study_app.wording import ENGLISH


def words_on(page: AppTest) -> str:
    """Everything written on the page, without tags, scripts and style."""
    found = [element.proto.body for element in page.get("html")]
    found += [element.value for element in page.markdown]
    found += [element.value for element in (*page.title, *page.header, *page.subheader)]
    found += [element.value for element in page.caption]
    found += [element.label for element in (*page.button, *page.radio, *page.checkbox)]
    text = re.sub(r"<(script|style).*?</\1>", "", "\n".join(found), flags=re.DOTALL)
    return re.sub(r"<[^>]+>", "", text)


def remarks_on(page: AppTest) -> int:
    """How many questions say that something is missing."""
    bodies = [element.proto.body for element in page.get("html")]
    return sum('class="remark" id=' in body for body in bodies)


def choose_all(page: AppTest, number: int = 1) -> None:
    """Choose the same option (counted from 0) at every question of the page."""
    letter = ENGLISH.text_label.format(slot="")
    for radio in page.radio:
        radio.set_value(radio.options[number].removeprefix(letter))


def press(page: AppTest, label: str) -> AppTest:
    """Press the button with this label."""
    next(button for button in page.button if button.label == label).click()
    return page.run()
