"""What one visitor's session holds: the shared study, their token, and when a page appeared.

The token is kept in the address (?t=...), so that a refresh, another tab or another machine finds
the same place. The database alone knows how far a participant is.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from study_app.settings import load_settings
from study_app.study import Study, open_study
from study_app.wording import Wording, wording_for

TOKEN = "t"


@st.cache_resource(show_spinner=False)
def opened_study() -> Study:
    """The study of this process, opened once and shared by all sessions."""
    return open_study(load_settings())


def words() -> Wording:
    """The catalogue of the study's language."""
    return wording_for(opened_study().protocol.study.language)


class Visit:
    """One visitor's place in the study, for as long as their page is open.

    A double click runs a page twice, and the first run ends at its next call of Streamlit. What
    must happen once is therefore done under `lock` and kept here, in plain Python.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.token: str | None = None


def visit() -> Visit:
    """This session's visit."""
    return st.session_state.setdefault("visit", Visit())


def token() -> str | None:
    """The visitor's token, from the address or, when they went back before it, from the session."""
    current = visit()
    in_address = st.query_params.get(TOKEN)
    if in_address:
        current.token = in_address
    elif current.token:
        st.query_params.from_dict({TOKEN: current.token})
    return current.token


def recruitment() -> dict[str, str]:
    """The recruitment service's parameters in the address, such as PROLIFIC_PID."""
    return {name: value for name, value in st.query_params.items() if name != TOKEN and value}


def seconds_on(page: str) -> float:
    """Seconds since this session first drew a page; `page` names it within the study."""
    started = st.session_state.setdefault(f"began.{page}", time.monotonic())
    return time.monotonic() - started


@st.cache_resource(show_spinner=False)
def _waits() -> deque[float]:
    """How long the last visitors of this process waited for their texts, in seconds."""
    return deque(maxlen=20)


@contextmanager
def waiting() -> Iterator[None]:
    """Measure a wait for texts, to tell the next visitor how long it usually takes."""
    began = time.monotonic()
    yield
    _waits().append(time.monotonic() - began)


def usual_wait() -> float:
    """Median of the last waits in seconds; 0 when there was none yet."""
    return statistics.median(_waits()) if _waits() else 0.0
