"""What the running server writes down of its visitors: nothing that would open their study."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from playing import enrolled_at_round
from serving import serve


@pytest.mark.parametrize("by_uvicorn", [False, True], ids=["streamlit", "uvicorn"])
def test_a_visit_leaves_no_token_and_no_address_in_the_server_s_log(
    tmp_path: Path, by_uvicorn: bool
) -> None:
    with serve(tmp_path, by_uvicorn=by_uvicorn) as served:
        token, _ = enrolled_at_round(served.study)
        for address in (served.link(token), f"{served.url}/ready"):
            with urllib.request.urlopen(address, timeout=30) as answer:
                assert answer.status == 200
        log = served.log.read_text()
    assert token not in log
    assert "GET /" not in log
