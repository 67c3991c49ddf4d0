"""Ratings that are chosen but not sent yet survive a refresh, in the browser's tab.

The widgets of a round stand in a form: the server learns of them with the press of the button, and
no run of the script can touch them before. Until then they are kept in the tab's session storage.
They are not kept in the address: going back in the browser would put an older address's answers,
or none, in the place of those on the page, and a run that ends after a press would write an
address that does not have it yet.
"""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from study_app.screens import session

SCRIPT = Path(__file__).with_suffix(".js")


def keep(page: str) -> None:
    """Keep what is chosen on this page in the browser, and put it back after a refresh.

    page    as in `Questions(page)`; another page, or another participant in the same tab, starts
            without answers
    """
    names = json.dumps([session.visit().token, page]).replace("<", "\\u003c")
    script = SCRIPT.read_text(encoding="utf-8").rstrip()
    st.html(f"<script>\n{script}(...{names});\n</script>", unsafe_allow_javascript=True)
