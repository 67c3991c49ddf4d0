"""Questions on a page: widgets without a preselected answer, and a place under each for a remark.

A page collects its questions in one `Questions`, in a form, and ends with `send`: its button. What
is missing after the press is written at the question itself, and the keyboard moves there; what was
chosen stays.
"""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from study_app.errors import InvalidAnswers
from study_app.screens.session import words
from study_design.parts import Question


class Questions:
    """The questions of one page, by field.

    page       names the page within the study; part of every widget's key
    """

    def __init__(self, page: str) -> None:
        self.page = page
        self.answers: dict[str, Any] = {}
        self._required: dict[str, str] = {}  # field -> what to say when it is missing
        self._remarks: dict[str, DeltaGenerator] = {}

    def scale(
        self, field: str, question: str, anchors: Sequence[str], low: int, label: str
    ) -> None:
        """Points of a scale in one row, each with its written anchor.

        label: the question as read aloud, with what tells it from the same question elsewhere.
        """
        with st.container(key=self._key("scale", field)):
            _question(question)
            self.answers[field] = st.radio(
                label,
                range(low, low + len(anchors)),
                index=None,
                horizontal=True,
                captions=anchors,
                key=self._answer_key(field),
                label_visibility="collapsed",
            )
            self._place(field, required=True)

    def choice(
        self, field: str, question: str, options: Sequence[str], *, required: bool = True
    ) -> None:
        """One of several answers, as a list of buttons."""
        with st.container(key=self._key("choice", field)):
            _question(question, optional=not required)
            self.answers[field] = st.radio(
                question,
                options,
                index=None,
                key=self._answer_key(field),
                label_visibility="collapsed",
            )
            self._place(field, required=required)

    def slot(
        self, field: str, question: str, slots: Sequence[str], *, required: bool = True
    ) -> None:
        """One of the texts on the page, by its letter."""
        with st.container(key=self._key("choice", f"{field}.slot")):
            _question(question, optional=not required)
            self.answers[field] = st.radio(
                question,
                slots,
                index=None,
                horizontal=True,
                format_func=lambda slot: words().text_label.format(slot=slot),
                key=self._answer_key(field),
                label_visibility="collapsed",
            )
            self._place(field, required=required)

    def words(
        self, field: str, question: str, max_length: int, *, required: bool, lines: int = 1
    ) -> None:
        """An answer in the participant's words; empty is None."""
        with st.container(key=self._key("words", field)):
            _question(question, optional=not required)
            key = self._answer_key(field)
            if lines == 1:
                text = st.text_input(
                    question, key=key, max_chars=max_length, label_visibility="collapsed"
                )
            else:
                text = st.text_area(
                    question, key=key, max_chars=max_length, label_visibility="collapsed"
                )
            self.answers[field] = text.strip() or None
            self._place(field, required=required, remark=words().text_missing)

    def ask(self, question: Question, slots: Sequence[str] = ()) -> None:
        """A question of the protocol, by its kind."""
        match question.kind:
            case "choice":
                self.choice(
                    question.id, question.question, question.options, required=question.required
                )
            case "slot":
                self.slot(question.id, question.question, slots, required=question.required)
            case "scale":
                self.scale(question.id, question.question, question.anchors, 1, question.question)
            case "text":
                self.words(
                    question.id,
                    question.question,
                    question.max_length,
                    required=question.required,
                    lines=1 if question.max_length <= 200 else 3,
                )

    def send(
        self, label: str, store: Callable[[Mapping[str, Any]], object], *, key: str | None = None
    ) -> bool:
        """The form's button; True when this press stored the answers.

        store: keeps them; the answers that it refuses (InvalidAnswers) are marked, as are missing
        ones.
        """
        if not st.form_submit_button(label, type="primary", key=key):
            return False
        problems = self.missing()
        if not problems:
            try:
                store(self.answers)
            except InvalidAnswers as error:
                problems = error.problems
            else:
                return True
        self.mark(problems)
        return False

    def missing(self) -> dict[str, str]:
        """Field -> remark, for every required question without an answer."""
        return {
            field: remark for field, remark in self._required.items() if self.answers[field] is None
        }

    def mark(self, problems: Mapping[str, str]) -> None:
        """Write each remark under its question, their number here, and go to the first."""
        catalogue = words()
        for field, remark in problems.items():
            if field in self._remarks:
                self._remarks[field].html(
                    f'<p class="remark" id="remark-{html.escape(field)}">{html.escape(remark)}</p>'
                )
        many = catalogue.some_missing.format(count=len(problems))
        summary = catalogue.one_missing if len(problems) == 1 else many
        st.html(f'<p class="remark summary" role="alert">{html.escape(summary)}</p>')
        _go_to_first_remark()

    def _key(self, kind: str, field: str) -> str:
        return f"{kind}.{self.page}.{field}"

    def _answer_key(self, field: str) -> str:
        return f"{self.page}.{field}"

    def _place(self, field: str, *, required: bool, remark: str | None = None) -> None:
        self._remarks[field] = st.empty()
        if required:
            self._required[field] = remark or words().answer_missing


def _question(text: str, *, optional: bool = False) -> None:
    optional = optional and words().optional not in text.casefold()
    suffix = f' <span class="optional">{html.escape(words().optional)}</span>' if optional else ""
    st.html(f'<p class="question" aria-hidden="true">{html.escape(text)}{suffix}</p>')


def _go_to_first_remark() -> None:
    """Bring the first remark into view and focus its question's first answer.

    The remarks may reach the browser a little later than this script, so it looks a few times. The
    time stamp makes each press a new script, which the browser runs again.
    """
    st.html(
        f"""<script>/* {time.monotonic_ns()} */
        (function look(times) {{
          const remark = document.querySelector(".remark:not(.summary)");
          const block = remark && remark.closest('[class*="st-key-"]');
          const input = block && block.querySelector("input, textarea");
          if (!input) {{
            if (times > 0) setTimeout(look, 50, times - 1);
            return;
          }}
          const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
          block.scrollIntoView({{block: "center", behavior: still ? "auto" : "smooth"}});
          input.focus({{preventScroll: true}});
        }})(40);
        </script>""",
        unsafe_allow_javascript=True,
    )
