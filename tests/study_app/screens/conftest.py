"""Pages under Streamlit's own tester, over the null study on a fresh database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from study_app.screens import session
from study_app.study import Study

MAIN = Path(session.__file__).parent / "main.py"


@pytest.fixture(autouse=True)
def app_study(study: Study, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    """The test's study, as the one that the pages open."""
    monkeypatch.setattr(session, "load_settings", lambda: study.settings)
    monkeypatch.setattr(session, "open_study", lambda _: study)
    session.opened_study.clear()
    yield study
    session.opened_study.clear()


@pytest.fixture
def visit() -> Callable[[str | None], AppTest]:
    """Open the participants' page, with a token or without."""

    def opened(token: str | None = None) -> AppTest:
        page = AppTest.from_file(str(MAIN), default_timeout=20)
        if token is not None:
            page.query_params[session.TOKEN] = token
        return page.run()

    return opened
