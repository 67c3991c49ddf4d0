"""A datasheet of the human evaluation, filled in as far as protocol and data go.

The questions follow the order of the Human Evaluation Datasheet (A. Shimorina and A. Belz, 2022,
"The Human Evaluation Datasheet: a template for recording details of human evaluation experiments in
NLP", HumEval), in our own words. What the platform cannot know is left open, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analysis.confirmatory import arm_label
from analysis.data.study import Study
from analysis.report import words
from analysis.report.power_tables import why_no_power
from analysis.sequential import level_of, stage_at, stage_of
from study_design import Protocol, families, sequence_count, smallest_effect
from study_design.parts import Item

OPEN = "_To be filled in by the researchers._"


@dataclass(frozen=True, slots=True)
class Entry:
    """One question of the datasheet; `answer` None is for the researchers to give."""

    question: str
    answer: str | None = None


Chapter = tuple[str, tuple[Entry, ...]]


def render_datasheet(protocol: Protocol, study: Study | None = None) -> str:
    """The datasheet in Markdown: of a study as planned, or with its data as it was run.

    >>> from study_design import PILOT, load_protocol
    >>> render_datasheet(load_protocol(PILOT)).splitlines()[0]
    '# Reading and rating short guides for work: datasheet of the human evaluation'
    """
    return "\n".join(_lines(protocol, study)) + "\n"


def chapters(protocol: Protocol, study: Study | None) -> tuple[Chapter, ...]:
    """Every chapter with its questions and what is known of their answers."""
    return (
        ("1. Publication and resources", tuple(_resources(protocol, study))),
        ("2. Systems under evaluation", tuple(_systems(protocol, study))),
        ("3.1 Texts evaluated", tuple(_texts(protocol, study))),
        ("3.2 Participants", tuple(_participants(protocol, study))),
        ("3.3 Design and procedure", tuple(_procedure(protocol))),
        ("4.1 Quality criteria: common to all", tuple(_criteria(protocol))),
        *((f"4.2 Criterion: {item.id}", tuple(_criterion(item))) for item in protocol.items),
        ("5. Ethics and personal data", tuple(_ethics(protocol))),
    )


def _lines(protocol: Protocol, study: Study | None) -> Iterator[str]:
    title = f"{protocol.study.title}: datasheet of the human evaluation"
    simulated = study is not None and study.export.simulated
    yield f"# {'Simulated data — ' if simulated else ''}{title}"
    if simulated:
        yield f"\n**{words.SIMULATED}**"
    basis = "planned (no data yet)" if study is None else "run"
    filled = chapters(protocol, study)
    entries = [entry for _, chapter in filled for entry in chapter]
    left = sum(entry.answer is None for entry in entries)
    yield (
        f"\nThe study as {basis}: `{protocol.study.id}`, version {protocol.study.version}. Of "
        f"{len(entries)} questions, {left} are open; they are marked: {OPEN}"
    )
    for heading, chapter in filled:
        yield f"\n## {heading}\n"
        for entry in chapter:
            yield f"- **{entry.question}** {entry.answer or OPEN}"
    yield "\n## Methods paragraph\n"
    yield "Ready to be shortened for a paper.\n"
    yield "\n\n".join([*words.methods(protocol), *_reached(protocol, study)])


def _reached(protocol: Protocol, study: Study | None) -> Iterator[str]:
    n, stage = protocol.participants, stage_at(protocol, protocol.participants)
    if study is not None:
        n, stage = study.sample.n, stage_of(study.export)
    alpha = level_of(stage, protocol.analysis.alpha)
    if alpha is None or why_no_power(n, stage, alpha):
        return
    power = protocol.analysis.power
    who = f"The {n} {'planned' if study is None else 'analysed'} participants"
    yield (
        f"{who} suffice to detect a standardised paired difference of d_z = "
        f"{smallest_effect(n, power, alpha):.3f} with power {power:.2f} at "
        f"{words.level(stage, protocol.analysis.alpha)}."
    )


def _resources(protocol: Protocol, study: Study | None) -> Iterator[Entry]:
    yield Entry("Where is the experiment reported?")
    yield Entry("Where are data, code and forms to be found?", _hashes(protocol, study))
    contact = protocol.consent.contact
    yield Entry("Whom can readers ask?", None if contact.startswith("[") else contact)


def _hashes(protocol: Protocol, study: Study | None) -> str:
    text = f"Address: {OPEN} Protocol SHA-256 `{protocol.hash}`"
    if study is None:
        return f"{text}."
    export = study.export
    return f"{text}; data `{export.data_hash}`; study code `{export.manifest.code_hash}`."


def _systems(protocol: Protocol, study: Study | None) -> Iterator[Entry]:
    generation = protocol.generation
    arms = words.listed([f"{arm_label(arm.name)} (`{arm.system}`)" for arm in protocol.arms])
    yield Entry("Which systems are evaluated?", f"{len(protocol.arms)}: {arms}.")
    yield Entry(
        "What do they take in?",
        "A request of one to three sentences; systems that learn also take the participant's "
        f"earlier ratings (update policy `{protocol.update.policy}`).",
    )
    yield Entry("What do they give out?", "A text, written or retrieved in answer to the request.")
    yield Entry("Which task is that?", "Writing a short practical guide that fits the reader.")
    yield Entry("In which language?", f"`{protocol.study.language}`, in and out.")
    model = (
        f"Language model `{generation.model}`, encoder `{generation.encoder}`, temperature "
        f"{generation.temperature:g}, top-p {generation.top_p:g}, at most "
        f"{generation.max_new_tokens} tokens, up to {generation.drafts} drafts of which the first "
        f"that is {generation.accept.replace('_', ' ')} is shown; the same for every arm that "
        "writes."
    )
    if study is not None:
        texts = study.export.tables["texts"]
        prints = sorted({str(value) for value in texts["model"].dropna()} - {""})
        model += f" Fingerprints of the model's files: {', '.join(prints) or 'none recorded'}."
    yield Entry("How are the texts made?", model)


def _texts(protocol: Protocol, study: Study | None) -> Iterator[Entry]:
    each = len(protocol.arms) * protocol.rounds
    if study is None:
        shown = f"{each} a participant, {each * protocol.participants:,} in all if as planned."
    else:
        rated = study.export.tables["ratings"].drop_duplicates(["participant", "round", "slot"])
        own = rated[rated["participant"].isin(study.sample.analysed)]
        shown = f"{len(own):,} rated by the {study.sample.n} analysed participants."
    yield Entry("How many texts?", shown)
    yield Entry(
        "How were they chosen?",
        f"Not chosen: every arm answers every one of the {protocol.rounds} requests for every "
        "participant, and what it gives is shown, once format, length and wording have passed the "
        "blinding check.",
    )
    primary = len(families(protocol)[0].contrasts)
    last = stage_at(protocol, protocol.participants)
    yield Entry(
        "How was the number of participants justified?",
        f"Exact power of the paired t test with the participant as the unit: planned N = "
        f"{protocol.participants}, smallest d_z "
        f"{_smallest(protocol)} at power {protocol.analysis.power:.2f} and "
        f"{words.level(last, protocol.analysis.alpha)}; {primary} primary tests, Holm-corrected.",
    )


def _smallest(protocol: Protocol) -> str:
    if protocol.participants < 2:
        return "not defined"
    analysis, planned = protocol.analysis, protocol.participants
    alpha = level_of(stage_at(protocol, planned), analysis.alpha) or analysis.alpha
    return f"{smallest_effect(planned, analysis.power, alpha):.3f}"


def _participants(protocol: Protocol, study: Study | None) -> Iterator[Entry]:
    number = f"{protocol.participants} planned"
    if study is not None:
        flow = dict(study.sample.flow())
        number = (
            f"{flow['consented']} consented, {flow['completed']} completed, {flow['analysed']} "
            f"analysed ({number})"
        )
    yield Entry("How many participants?", f"{number}. Each rates on their own.")
    asked = [f"“{q.question}” ({' or '.join(q.eligible)})" for q in protocol.eligibility]
    rules = f"Eligible: {'; '.join(asked)}." if asked else "No eligibility question is asked."
    yield Entry("Who could take part?", rules)
    yield Entry("Were they experts, or known to the researchers?")
    yield Entry("How were they recruited?")
    yield Entry("Were they paid?", protocol.consent.payment)
    yield Entry(
        "Were they trained?",
        "Instructions and one practice round with fixed texts, whose answers are not analysed.",
    )
    if study is None:
        asked_of = words.listed([q.id for q in protocol.background] or ["nothing"])
        yield Entry("What is known about them?", f"Asked: {asked_of}.")
    else:
        yield Entry("What is known about them?", "See the table “sample” of the report.")


def _procedure(protocol: Protocol) -> Iterator[Entry]:
    checks, rules = protocol.attention_checks, protocol.blinding
    yield Entry("Was the study preregistered?", f"Registry and address: {OPEN}")
    yield Entry("How were the data collected?", "In the participants' own browsers, by HARE Study.")
    yield Entry("What did a participant do?", words.design(protocol))
    yield Entry(
        "How were order and assignment decided?",
        f"{sequence_count(protocol)} balanced sequences of slots and requests (Williams squares). "
        "Which arm and which request each letter of the squares stands for is drawn once for the "
        "study from the installation's secret, stored when the first participant consents, and "
        "disclosed in the export after unblinding. The next participant has the least used order "
        "among those who completed and are not excluded and those who are under way; whoever "
        "leaves or is excluded is replaced.",
    )
    yield Entry(
        "How was blinding kept?",
        "Slots carry letters alone, all texts of a round appear at once, the longest has at most "
        f"{rules.max_length_ratio:g} times the words of the shortest, and {len(rules.forbidden)} "
        "forbidden patterns are searched for. Researchers see slots until a recorded unblinding.",
    )
    rounds = words.listed([str(check.round) for check in checks]) if checks else ""
    yield Entry(
        "How was quality assured?",
        (f"Attention checks in rounds {rounds}. " if checks else "No attention checks. ")
        + words.exclusions(protocol),
    )
    minutes = protocol.consent.duration_minutes
    yield Entry(
        "Under which conditions?", f"At a time and place of their own, about {minutes} min."
    )
    yield Entry(
        "Could they leave?", "At any time; they could return to the same place, or withdraw."
    )


def _criteria(protocol: Protocol) -> Iterator[Entry]:
    names = [item.id for item in protocol.items]
    yield Entry("Which criteria?", f"{len(names)}: {words.listed(names)}.")
    yield Entry(
        "How are ratings given?",
        "One after the other for each text, all texts of a round on the same page, so that they "
        "can be compared; a number from a scale with a written anchor at every point.",
    )
    yield Entry("What else is elicited?", f"A choice: “{protocol.choice.question}”")
    yield Entry("How are ratings summarised and tested?", words.analysis(protocol))
    yield Entry(
        "How is agreement measured?",
        "Intraclass correlation over a participant's rounds, and Krippendorff's alpha (ordinal) "
        "between participants over arm × request; both are in the report.",
    )


def _criterion(item: Item) -> Iterator[Entry]:
    scale = item.scale
    anchors = [f"{p} “{a}”" for p, a in zip(scale.points, item.anchors, strict=True)]
    yield Entry("What were participants asked?", f"“{item.question}”")
    yield Entry(
        "Which values could they give?",
        f"{len(scale.points)} points from {scale.low} to {scale.high}: {'; '.join(anchors)}.",
    )
    yield Entry("Is it a judgement or a count?", "A subjective judgement of one text at a time.")
    yield Entry("Is it about being correct, being good, or having a feature?")
    yield Entry("Is it about form, content, or both?")
    yield Entry("Judged on its own, against the request, or against something outside?")
    yield Entry("Which standard name and definition come closest?")


def _ethics(protocol: Protocol) -> Iterator[Entry]:
    consent = protocol.consent
    yield Entry("Which board approved the study?", consent.approval)
    yield Entry(
        "Which personal data are kept?", f"{_sentence(consent.data_kept)} {consent.retention}"
    )
    yield Entry("How are they shared?", consent.sharing)
    yield Entry("How is withdrawal handled?", consent.withdrawal)
    yield Entry("Were special categories of personal data collected?")
    yield Entry("What could go wrong for participants?", consent.risks)
    yield Entry("Was the wider impact assessed?")


def _sentence(parts: Sequence[str]) -> str:
    text = words.listed(list(parts))
    return f"{text[0].upper()}{text[1:]}."
