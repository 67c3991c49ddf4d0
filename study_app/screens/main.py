"""The script that Streamlit runs for every visitor: chooses the page and draws it."""

from __future__ import annotations

import streamlit as st

from study_app.screens import layout, monitor, participant
from study_app.screens.session import opened_study

study = opened_study()
st.set_page_config(
    page_title=study.protocol.study.title, layout="wide", initial_sidebar_state="collapsed"
)
layout.style()
st.navigation(
    [
        st.Page(participant.show, title=study.protocol.study.title, default=True),
        st.Page(monitor.show, title="Monitor", url_path="monitor"),
    ],
    position="hidden",
).run()
