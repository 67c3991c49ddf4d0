"""What the running server writes down of its visitors: nothing that would open their study."""

from __future__ import annotations

import urllib.request

from playing import enrolled_at_round
from serving import Served


def test_a_visit_leaves_no_token_and_no_address_in_the_server_s_log(served: Served) -> None:
    token, _ = enrolled_at_round(served.study)
    with urllib.request.urlopen(served.link(token), timeout=30) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"{served.url}/ready", timeout=30) as answer:
        assert answer.status == 200  # it was logged after the visit, if anything was
    log = served.log.read_text()
    assert token not in log
    assert "GET /" not in log
