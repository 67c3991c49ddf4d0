"""The web application: `python -m streamlit run study_app/app.py`.

The pages are in `study_app/screens`; `main.py` there is the script that Streamlit runs for each
visitor. This file is the server around it: it opens the study once, before the first visitor, and
adds the route /ready, which says whether the database answers (for load balancers and start-up
scripts; Streamlit's own /_stcore/health does not look at the database).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hare.errors import HareError
from study_app.errors import DatabaseError, StudyError
from study_app.screens import problem
from study_app.screens.session import opened_study
from study_app.storage.schema import check_schema
from study_design import DesignError


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Open the study before the first visitor; refuse to start with the reason and the remedy."""
    # A participant's address holds their token: it must not be written to the server's log.
    logging.getLogger("uvicorn.access").disabled = True
    try:
        study = opened_study()
    except (StudyError, DesignError, HareError) as error:
        print(f"The study cannot start.\n{error}", file=sys.stderr)
        logging.getLogger("uvicorn.error").disabled = True  # it would add a page of traceback
        raise SystemExit(1) from None
    yield
    study.close()


async def ready(_: Request) -> JSONResponse:
    """200 when the database answers and has this program's schema, else 503 with the reason."""
    try:
        await anyio.to_thread.run_sync(check_schema, opened_study().engine)
    except DatabaseError as error:
        return JSONResponse({"status": str(error)}, status_code=503)
    return JSONResponse({"status": "ready"})


app = st.App(
    Path(__file__).parent / "screens" / "main.py",
    lifespan=lifespan,
    routes=[Route("/ready", ready)],
    on_script_error=problem.fault,
)
