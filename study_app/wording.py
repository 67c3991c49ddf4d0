"""Every word a participant reads that is not in the protocol.

One catalogue a language. A field is one sentence or label; `{names}` are filled by the screens with
`str.format`. A further language is one more `Wording(language=..., ...)` in `CATALOGUES`.
"""

from __future__ import annotations

from dataclasses import dataclass

from study_app.errors import StudyError


class UnknownLanguage(StudyError):
    """No catalogue for the language that the protocol asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The catalogue; the defaults are English.

    >>> Wording().round_of.format(round=3, of=10)
    'Round 3 of 10'
    """

    language: str = "en"

    # On every page
    round_of: str = "Round {round} of {of}"
    minutes_left: str = "about {minutes} minutes left"
    minute_left: str = "about a minute left"
    continue_: str = "Continue"
    optional: str = "optional"
    answer_missing: str = "Please choose an answer."
    text_missing: str = "Please write a short answer."
    one_missing: str = "One answer is still missing. It is marked above."
    some_missing: str = "{count} answers are still missing. They are marked above."
    place_kept: str = (
        "Your place is kept. You can close this page and come back with the same address."
    )

    # Withdrawing
    withdraw_link: str = "Withdraw from the study"
    withdraw_title: str = "Withdraw from the study?"
    withdraw_body: str = "You can stop at any moment and need not say why."
    withdraw_final: str = "This cannot be undone."
    withdraw_yes: str = "Yes, withdraw"
    withdraw_no: str = "No, continue"
    withdrawn_title: str = "You have withdrawn"
    withdrawn_body: str = "Your part in the study has ended, and no further answers are taken."
    withdrawn_contact: str = "If you have questions, write to {contact}. You can close this page."

    # Welcome and consent
    consent_question: str = "Do you agree to take part?"
    consent_agree: str = "I have read the information above, and I agree to take part."
    consent_missing: str = "Tick the box if you want to take part. If not, just close this page."
    consent_button: str = "Start the study"
    nothing_stored: str = "Nothing is stored about you before you press the button."

    # About you
    background_title: str = "About you"
    background_intro: str = "A few questions before we begin. They take about a minute."
    screened_title: str = "Thank you for your interest"
    screened_body: str = (
        "From your answers, this study is not open to you. That is no judgement of you: a study "
        "has to say beforehand who can take part. You can close this page."
    )
    screened_link: str = "Go back to the recruitment site"

    # Instructions and practice
    instructions_title: str = "How it works"
    instructions_lead: str = (
        "In each of {rounds} rounds you read one request and {texts} short texts that answer it. "
        "Each text was written by a different computer program. Say how good each text is "
        "**for you**, then choose the one that you would rather use."
    )
    instructions_points: tuple[str, ...] = (
        "Read the request as if it were your own, in your own work.",
        "Rate each text by itself. There are no right answers, and it is fine to use the ends of "
        "a scale.",
        "The order of the texts changes in every round. The letters A, B, C say only where a text "
        "stands.",
        "Programs may learn from your ratings. Rate what you see, not what you think they do.",
        "Some rounds hold a question that checks that the page is being read. It says what to "
        "answer.",
    )
    practice_title: str = "A round to practise"
    practice_lead: str = "This round looks like all others. Its answers do not count."
    practice_button: str = "I am ready for the first round"

    # A round
    request_label: str = "The request"
    text_label: str = "Text {slot}"
    rating_label: str = "Text {slot}: {question}"
    scales_label: str = "What the points of the scales mean"
    submit_round: str = "Submit and continue"
    submit_last_round: str = "Submit the last round"
    writing_title: str = "Your texts are being written"
    writing_body: str = (
        "{texts} programs are answering the request. This usually takes {time}, and the texts "
        "appear together."
    )
    few_seconds: str = "a few seconds"
    about_seconds: str = "about {seconds} seconds"

    # Closing questions and debriefing
    closing_title: str = "A few last questions"
    closing_lead: str = "These are the three texts of your last round once more."
    closing_button: str = "Finish the study"
    debrief_title: str = "Thank you"
    debrief_body: str = (
        "You have finished: all {rounds} rounds are stored. The texts came from {texts} different "
        "computer programs. At least one of them used your earlier ratings to write for you, and "
        "we want to know whether that helps. Which program stood behind which letter changed from "
        "round to round, so we cannot show it here."
    )
    debrief_frozen: str = (
        "You have finished: all {rounds} rounds are stored. The texts came from {texts} different "
        "computer programs, and we want to know which of them write texts that people can use. "
        "Which program stood behind which letter changed from round to round."
    )
    code_title: str = "Your completion code"
    code_body: str = "Keep this code until your part is confirmed."
    code_link: str = "Confirm at the recruitment site"
    debrief_contact: str = "Questions about the study: {contact}"
    close_page: str = "You can close this page now."

    # When something is wrong
    bad_link_title: str = "This link does not work"
    bad_link_body: str = (
        "The address of this page is incomplete or was changed, so it does not say whose place in "
        "the study it is. Nothing that you submitted is lost."
    )
    bad_link_do: str = (
        "Open the address again exactly as it was, for example from your browser's history. If you "
        "have not begun yet, [start here](/). If neither helps, write to {contact}."
    )
    fault_title: str = "Something went wrong on our side"
    fault_body: str = (
        "Everything that you submitted is stored. Load this page again to continue where you were. "
        "If this happens twice, please write to {contact}."
    )
    not_written_title: str = "The texts of this round could not be written"
    not_written_body: str = (
        "This is a fault on our side, and nothing you did is lost. Please try again in a moment. "
        "If it happens again, write to {contact}."
    )
    try_again: str = "Try again"
    closed_title: str = "The study is not open at the moment"
    closed_body: str = "Please come back later with the same address."


ENGLISH = Wording()
CATALOGUES: dict[str, Wording] = {"en": ENGLISH}


def wording_for(language: str) -> Wording:
    """The catalogue of a language, e.g. "en"; UnknownLanguage names those that exist."""
    try:
        return CATALOGUES[language]
    except KeyError:
        known = ", ".join(sorted(CATALOGUES))
        raise UnknownLanguage(
            f"study.language = {language!r}: no texts in this language; there are {known}"
        ) from None
