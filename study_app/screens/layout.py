"""The frame around every page: style, title, progress, and the quiet way out."""

from __future__ import annotations

import html
import json
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from study_app import participants
from study_app.participants import Participant
from study_app.screens.session import words
from study_app.study import Study

STYLE = Path(__file__).parent / "style.css"


def style() -> None:
    """Our own typography and colours over Streamlit's; hides what participants have no use for."""
    st.html(STYLE)


def column(key: str = "reading") -> DeltaGenerator:
    """A column of the page: "reading" has the width of a line to read, "wide" holds three cards,
    "problem" stands alone: the style sheet hides what was drawn of the page before it."""
    return st.container(key=key)


def title(text: str) -> None:
    """The page's one heading of the first level."""
    st.title(text, anchor=False)


def arrive(page: str) -> None:
    """A new page begins at its top, with the keyboard at its heading, once for each page.

    The heading may reach the browser a little later than this script, or take the place of the
    heading before it, so for two seconds a keyboard that is nowhere is brought to it.
    """
    st.html(
        f"""<script>
        if (window.pageArrivedAt !== {json.dumps(page)}) {{
          window.pageArrivedAt = {json.dumps(page)};
          document.activeElement?.blur();
          requestAnimationFrame((began) => {{
            document.querySelector('[data-testid="stMain"]').scrollTo(0, 0);
            (function look(now) {{
              const heading = document.querySelector("h1");
              if (heading && document.activeElement === document.body) {{
                heading.tabIndex = -1;
                heading.focus({{preventScroll: true}});
              }}
              if (now - began < 2000) requestAnimationFrame(look);
            }})(began);
          }});
        }}
        </script>""",
        unsafe_allow_javascript=True,
    )


def progress(round_: int, of: int, minutes: float) -> None:
    """Where the participant is in the rounds, with the time left in words."""
    catalogue = words()
    left = max(1, round(minutes))
    time_left = catalogue.minute_left if left == 1 else catalogue.minutes_left.format(minutes=left)
    position = catalogue.round_of.format(round=round_, of=of)
    with st.container(key="progress"):
        st.html(
            f'<h1 class="place">{html.escape(position)} '
            f"<span>· {html.escape(time_left)}</span></h1>"
        )
        st.progress((round_ - 1) / of)


def minutes_left(study: Study, done_rounds: int) -> float:
    """Minutes to the end, from the duration that the consent form states; a round's worth is kept
    for the questions before and after."""
    protocol = study.protocol
    each = protocol.consent.duration_minutes / (protocol.rounds + 2)
    return each * (protocol.rounds - done_rounds + 0.5)


def withdraw_link(study: Study, participant: Participant) -> None:
    """The quiet link at the foot of the page; a dialogue asks before anything happens."""
    catalogue = words()
    with st.container(key="foot"):
        if participant.status == "active":
            st.caption(catalogue.place_kept)
        if st.button(catalogue.withdraw_link, type="tertiary", key="withdraw"):
            _confirm_withdrawal(study, participant)


def _confirm_withdrawal(study: Study, participant: Participant) -> None:
    catalogue = words()

    @st.dialog(catalogue.withdraw_title)
    def ask() -> None:
        st.write(catalogue.withdraw_body)
        st.markdown(study.protocol.consent.withdrawal)
        st.write(catalogue.withdraw_final)
        stay, leave = st.columns(2)
        if stay.button(catalogue.withdraw_no, type="primary", key="stay", width="stretch"):
            st.rerun()
        if leave.button(catalogue.withdraw_yes, key="leave", width="stretch"):
            participants.withdraw(study, participant)
            st.rerun()

    ask()
