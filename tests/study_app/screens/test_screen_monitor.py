"""The monitor: nothing without the password, no system named before the unblinding."""

from __future__ import annotations

from dataclasses import replace

from pages import press, words_on
from playing import complete
from streamlit.testing.v1 import AppTest

from hare.arms import Diagnostics
from study_app import monitor
from study_app.screens import monitor_charts
from study_app.study import Study

PASSWORD = "a password for the tests"


def script() -> None:
    from study_app.screens import monitor

    monitor.show()


def opened(password: str | None = PASSWORD) -> AppTest:
    page = AppTest.from_function(script, default_timeout=20).run()
    if password is not None:
        page.text_input(key="password").set_value(password)
        page = press(page, "Open the monitor")
    return page


def test_without_the_password_there_is_a_form_and_nothing_else(study: Study) -> None:
    complete(study)
    page = opened(None)
    assert [element.label for element in page.text_input] == ["Researcher's password"]
    assert not page.metric
    assert not page.get("plotly_chart")
    assert not page.dataframe


def test_a_wrong_password_is_refused(study: Study) -> None:
    page = opened("not the password")
    assert "This is not the password" in words_on(page)
    assert not page.metric


def test_the_right_password_shows_the_study(study: Study) -> None:
    complete(study)
    page = opened()
    assert {metric.label for metric in page.metric} >= {"Taking part", "Withdrawn", "Deviations"}
    assert f"1 of {study.protocol.participants}" in page.get("progress")[0].proto.text


def test_logging_out_closes_the_page(study: Study) -> None:
    page = press(opened(), "Log out")
    assert not page.metric


def test_the_figures_name_slots_until_the_unblinding_and_systems_afterwards(study: Study) -> None:
    complete(study)
    item = study.protocol.items[0]

    def groups() -> set[str]:
        figure = monitor_charts.ratings(monitor.overview(study), item)
        return {name for trace in figure.to_plotly_json()["data"] for name in trace["y"]}

    assert groups() == set(study.protocol.slots)
    monitor.unblind(study, "the study has ended", "a tester")
    assert groups() == set(study.protocol.arm_names)


def test_unblinding_needs_a_name_a_reason_and_a_tick(study: Study) -> None:
    page = press(opened(), "Unblind")
    assert "all needed" in words_on(page)
    assert monitor.overview(study).blinded
    page.text_input(key="unblind.who").set_value("a tester")
    page.text_area(key="unblind.reason").set_value("the study has ended")
    page.checkbox(key="unblind.sure").check()
    page = press(page, "Unblind")
    assert not monitor.overview(study).blinded
    assert not page.exception


def test_the_export_waits_for_the_unblinding(study: Study) -> None:
    complete(study)
    assert not opened().get("download_button")
    monitor.unblind(study, "the study has ended", "a tester")
    assert opened().get("download_button")


def test_the_download_itself_asks_for_the_proof(study: Study) -> None:
    def script() -> None:
        import streamlit as st

        from study_app.errors import WrongSecret
        from study_app.screens.monitor import _zipped_export
        from study_app.screens.session import opened_study

        try:
            _zipped_export(opened_study(), False)
        except WrongSecret:
            st.title("refused")

    assert AppTest.from_function(script).run().title[0].value == "refused"


def test_the_entropies_are_drawn_by_round_without_a_name(study: Study) -> None:
    complete(study)
    seen = monitor.overview(study)
    assert monitor_charts.attention(seen) is None  # the fake arm has no attention
    means = {
        2: Diagnostics(entropy=3.0, expected_entropy=2.5, mutual_information=0.5),
        3: Diagnostics(entropy=2.5, expected_entropy=2.25, mutual_information=0.25),
    }
    figure = monitor_charts.attention(replace(seen, attention=means))
    assert figure is not None
    assert {tuple(trace["x"]) for trace in figure.to_plotly_json()["data"]} == {(2, 3)}
    assert not any(f"{arm!r}" in repr(figure.to_plotly_json()) for arm in study.protocol.arm_names)
