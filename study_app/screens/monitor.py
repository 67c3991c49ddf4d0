"""The researchers' page: is the study healthy? Blinded until an unblinding that is logged.

Streamlit's navigation hides a page but does not protect it, so everything here asks for proof that
this session gave the right password: every rerun, every live update and every download.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st
from plotly.graph_objects import Figure

from study_app import exporting, monitor
from study_app.errors import InvalidAnswers, WrongSecret
from study_app.monitor import Overview, ResearcherSession
from study_app.screens import layout, monitor_charts
from study_app.screens.session import opened_study
from study_app.study import Study

_PROOF = "researcher"
_EVERY = "5s"
_LINES = 100  # of the log and of the deviations


def show() -> None:
    """The password form, or the study at a glance."""
    study = opened_study()
    if not _is_researcher():
        with layout.column():
            _ask_password(study)
        return
    with layout.column("monitor"):
        head, source = st.columns([3, 1], vertical_alignment="bottom")
        with head:
            layout.title("Monitor")
            info = study.protocol.study
            st.caption(
                f"{info.title} · version {info.version} · protocol {study.protocol.hash[:12]}"
            )
        simulated = source.segmented_control(
            "Participants", ["Real", "Simulated"], default="Real", required=True, key="source"
        )
        _live(study, simulated == "Simulated")
        _export(study, simulated == "Simulated")
        _unblinding(study)
        if st.button("Log out", type="tertiary"):
            del st.session_state[_PROOF]
            st.rerun()


def _is_researcher() -> bool:
    return isinstance(st.session_state.get(_PROOF), ResearcherSession)


def _ask_password(study: Study) -> None:
    layout.title("Monitor")
    st.write("This page is for the researchers of the study.")
    with st.form("password", border=False):
        secret = st.text_input("Researcher's password", type="password", key="password")
        if not st.form_submit_button("Open the monitor", type="primary"):
            return
        try:
            proof = monitor.check_researcher(study, secret)
        except WrongSecret:
            st.html(
                '<p class="remark" role="alert">This is not the password. It was printed when the '
                "installation was prepared, or set as HARE_RESEARCHER_PASSWORD.</p>"
            )
            return
    st.session_state[_PROOF] = proof
    st.rerun()


@st.fragment(run_every=_EVERY)
def _live(study: Study, simulated: bool) -> None:
    """The figures, drawn anew every few seconds."""
    if not _is_researcher():
        return
    overview = monitor.overview(study, simulated=simulated, events=_LINES)
    _health(overview)
    left, right = st.columns([3, 2])
    with left:
        chart = monitor_charts.places(overview, study.protocol.rounds)
        _figure("Where people are", chart, "Nobody is taking part at the moment.")
    with right:
        chart = monitor_charts.choices(overview, study.protocol.slots)
        _figure("Chosen best, by slot", chart, "No round is stored yet.")
    _ratings(study, overview)
    left, right = st.columns(2)
    with left:
        chart = monitor_charts.by_round(overview.uncertainty, "share of the start")
        _figure("User uncertainty by round", chart, "No adaptive system has written a text yet.")
    with right:
        chart = monitor_charts.attention(overview)
        _figure("Attention entropy by round", chart, "No system has reported its attention yet.")
    left, right = st.columns(2)
    with left:
        _deviations(overview)
    with right:
        _events(overview)


def _health(overview: Overview) -> None:
    """The first screen: how many have completed, and whether anything needs care."""
    status = overview.by_status
    completed, excluded = status.get("completed", 0), sum(overview.excluded.values())
    counted = completed - excluded
    if overview.simulated:
        st.info(
            f"{completed} simulated participants have completed. Nothing here says anything "
            "about people."
        )
    else:
        st.progress(
            min(counted / overview.planned, 1.0),
            text=f"**{counted} of {overview.planned}** participants have completed"
            + (f" and count; {excluded} more are excluded and replaced" if excluded else ""),
        )
    found = len(overview.deviations)
    figures = {
        "Taking part": status.get("active", 0),
        "Withdrawn": status.get("withdrawn", 0),
        "Not eligible": status.get("screened_out", 0),
        **{f"Excluded: {rule}": number for rule, number in sorted(overview.excluded.items())},
        "Deviations": f"{found}+" if found == _LINES else found,
        "Last event": _ago(overview.last_events[0].at) if overview.last_events else "none",
    }
    with st.container(horizontal=True, key="health"):
        for name, value in figures.items():
            st.metric(name, value, width=150)


def _figure(title: str, figure: Figure | None, nothing: str) -> None:
    st.subheader(title, anchor=False)
    if figure is None:
        st.caption(nothing)
    else:
        st.plotly_chart(figure, key=title, alt=title, config={"displayModeBar": False})


def _ratings(study: Study, overview: Overview) -> None:
    st.subheader("Ratings by slot" if overview.blinded else "Ratings by system", anchor=False)
    if not overview.slot_ratings:
        st.caption("No round is stored yet.")
        return
    st.caption(
        "Slots are positions on the screen. Systems change places from round to round: this shows "
        "whether people use the scales, not which system is better."
        if overview.blinded
        else "The study is unblinded: systems are named."
    )
    items = study.protocol.items
    for place, item in zip(st.columns(len(items)), items, strict=True):
        with place:
            st.markdown(f"**{item.id}**")
            chart = monitor_charts.ratings(overview, item)
            st.plotly_chart(
                chart, key=f"ratings.{item.id}", alt=item.id, config={"displayModeBar": False}
            )
    points = items[0].scale.points
    swatches = "".join(
        f'<span style="background:{monitor_charts.colour(number, len(points))}"></span>{point}'
        for number, point in enumerate(points)
    )
    st.html(f'<p class="swatches">{swatches}</p>')


def _deviations(overview: Overview) -> None:
    st.subheader("Deviations from the protocol", anchor=False)
    if not overview.deviations:
        st.caption("None: every text was written in time and passed the blinding scan.")
        return
    st.dataframe(
        [
            {
                "at": _when(line.at),
                "participant": line.participant,
                "round": line.round,
                "where": line.arm or line.slot,
                "kind": line.kind,
                "detail": line.detail,
            }
            for line in overview.deviations
        ],
        hide_index=True,
    )


def _events(overview: Overview) -> None:
    st.subheader("Last events", anchor=False)
    if not overview.last_events:
        st.caption("Nothing has happened yet.")
        return
    st.dataframe(
        [
            {"at": _when(line.at), "participant": line.participant, "event": line.kind}
            for line in overview.last_events
        ],
        hide_index=True,
    )


def _when(at: str) -> str:
    """A moment of the log, in UTC to the second."""
    return f"{at[:10]} {at[11:19]}"


def _ago(at: str) -> str:
    minutes = int((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"


def _export(study: Study, simulated: bool) -> None:
    st.subheader("Export", anchor=False)
    blinded = monitor.overview(study, simulated=simulated, events=0).blinded
    if blinded and not simulated:
        st.write(
            "The export names the system behind every text, so it can be downloaded here once the "
            "study is unblinded (below). A backup of the database needs no unblinding."
        )
        return
    name = "simulated" if simulated else "export"
    st.download_button(
        "Download the tables (zip)",
        data=lambda: _zipped_export(study, simulated),
        file_name=f"{study.protocol.study.id}-v{study.protocol.study.version}-{name}.zip",
        mime="application/zip",
        on_click="ignore",
    )


def _zipped_export(study: Study, simulated: bool) -> bytes:
    """The export folder as a zip file, made when the button is pressed."""
    if not _is_researcher():
        raise WrongSecret("This download needs the researcher's password. Log in again.")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "export"
        exporting.export(study, out, simulated=simulated)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(out.iterdir()):
                archive.write(path, path.name)
    return buffer.getvalue()


def _unblinding(study: Study) -> None:
    if not monitor.overview(study, events=0).blinded:
        return
    with st.expander("Unblind the study"):
        st.write(
            "From then on this page names the systems, for everyone who opens it. The act is "
            "logged with its reason and cannot be taken back. It is meant for the end of the "
            "study, or for an emergency."
        )
        with st.form("unblind", border=False):
            who = st.text_input("Your name", key="unblind.who")
            reason = st.text_area("Reason", key="unblind.reason")
            sure = st.checkbox("I want to unblind this study now.", key="unblind.sure")
            if not st.form_submit_button("Unblind"):
                return
            try:
                if not sure:
                    raise InvalidAnswers({"sure": "the tick is missing"})
                monitor.unblind(study, reason, who)
            except InvalidAnswers:
                st.html(
                    '<p class="remark" role="alert">Name, reason and the tick are all needed.</p>'
                )
                return
        st.rerun()
