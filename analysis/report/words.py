"""The paragraphs of the report: what a table cannot say, with numbers that are in the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.confirmatory import ContrastResult, FamilyResult, arm_label
from analysis.exploratory import Guess
from analysis.findings import Findings
from analysis.report.table import Table
from analysis.sequential import Stage, level_of, level_text, stage_at
from analysis.stats.results import number, p_text
from study_design import Protocol, families, familywise_error
from study_design.plan import Equivalence

SIMULATED = (
    "These participants are simulated. A program gave the ratings. The numbers show that the "
    "platform and the analysis work; they are no evidence about people."
)
SENSITIVITY = (
    "The confirmatory decision rests on the paired t tests of F1 to F3 alone. What follows repeats "
    "the primary comparison under other choices: without the exclusions, with missing rounds "
    "imputed, by ranks and signs, with mixed models of the single ratings, and with errors "
    "clustered by participant. It shows how far the result depends on those choices, and decides "
    "nothing."
)
RELIABILITY = (
    "How well the rounds of one participant measure the same thing (intraclass correlation over "
    "rounds, consistency), and how far participants agree about the same arm and request "
    "(Krippendorff's alpha). Low agreement is no fault here: the texts differ between "
    "participants, and tastes may."
)
ORDER = (
    "Every participant sees every arm in every round, in balanced slots. Per participant, ratings "
    "are regressed on arm, round, slot and the arm that came before; the coefficients are tested "
    "over participants, and their p-values corrected by Benjamini and Hochberg over the whole "
    "table. The confirmatory tests use nothing of this."
)


def summary(findings: Findings, tables: Mapping[str, Table]) -> list[str]:
    """What a reader in a hurry must know: the primary tests, their reach, and what is testable."""
    primary = findings.families[0]
    sentences = [f"{result.apa()}{_verdict(primary, result)}" for result in primary.contrasts]
    return [*sentences, _reach(findings, tables)]


def _verdict(family: FamilyResult, result: ContrastResult) -> str:
    rejected = family.rejected(result)
    if rejected is None:
        return ""
    stage, word = family.stage, "rejected" if rejected else "not rejected"
    if stage is None:
        return f" The null hypothesis is {word} at α = {family.alpha:g}."
    return f" The null hypothesis is {word} at look {stage.number} of {len(stage.planned)}."


def _reach(findings: Findings, tables: Mapping[str, Table]) -> str:
    n = findings.sample.n
    people = f"{n} participant{'' if n == 1 else 's'}"
    held_to = level(findings.stage, findings.protocol.analysis.alpha)
    row = next(r for r in tables["power"].records() if r["sample"] == "reached")
    if row["smallest_d_z"] is None:
        reach = f"With {people} no effect is detectable: {row['note']}."
        if findings.stage and n >= 2:
            reach = f"What {people} can detect is not stated: {row['note']}."
    else:
        reach = (
            f"With {people} this study detects a standardised paired difference of d_z = "
            f"{row['smallest_d_z']:.3f} with power {row['power']:.2f} ({held_to}); smaller "
            "effects can go unnoticed, and a result that is not significant is no evidence of "
            "equality."
        )
    return f"{reach} The participant is the unit of every confirmatory test. {_verdicts(findings)}"


def _verdicts(findings: Findings) -> str:
    """The verdict on every hypothesis that these arms can test."""
    told = [f"{v.hypothesis.id}: {v.text}." for v in findings.verdicts if v.hypothesis.testable]
    return " ".join(told) or "These arms can test no hypothesis of the six."


def error_of_all_families(protocol: Protocol) -> str:
    """How often a study in which nothing is true claims something, over all its families."""
    held = sum(bool(family.contrasts) for family in families(protocol))
    alpha, error = protocol.analysis.alpha, familywise_error(protocol)
    if protocol.analysis.gatekeeping:
        return (
            f"Error over all families: at most {alpha:g}. By gatekeeping a family is tested only "
            "when every null hypothesis before it was rejected (Dmitrienko and Tamhane, 2007)."
        )
    if held == 1:
        return f"Error over all families: there is one, which Holm's method holds at {alpha:g}."
    return (
        f"Error over all families: each is held at {alpha:g} on its own, so that a study in which "
        f"no arm differs rejects something in {100 * error:.1f}% of cases (1 − (1 − {alpha:g})^"
        f"{held}, were the {held} families independent). F1 is the primary one; what F2 and F3 "
        "find is to be read with that in mind."
    )


def no_difference(findings: Findings) -> str:
    """How to read the Bayes factors and the smallest bounds."""
    alpha, limits = findings.protocol.analysis.alpha, findings.protocol.analysis.equivalence
    bayes = (
        "Exploratory. The JZS Bayes factor weighs a difference against none (Cauchy prior on d_z "
        "of scale 0.707; BF₁₀ above 1 speaks for a difference, below 1 for none)."
    )
    interval = f"the {100 * (1 - 2 * alpha):.4g}% interval and the smallest bounds ± within which"
    if limits is None:
        return (
            f"{bayes} The protocol states no equivalence bounds, so equivalence is not tested and "
            f"not claimed; the table gives {interval} two one-sided tests would have shown it."
        )
    return (
        f"Pre-registered: equivalence within {bounds(limits)}, as the protocol states the bounds, "
        f"by two one-sided tests at α = {alpha:g} of every contrast of means. {bayes} The table "
        f"after it gives {interval} two one-sided tests would have shown equivalence; bounds that "
        "are read off the data are no test."
    )


def bounds(limits: Equivalence) -> str:
    """The bounds of a protocol, with their units.

    >>> bounds(Equivalence(low=-0.3, high=0.25))
    '−0.3 to 0.25 points'
    """
    low, high = (f"{limit:g}".replace("-", "−") for limit in (limits.low, limits.high))
    return f"{low} to {high} points" if limits.units == "raw" else f"d_z = {low} to {high}"


def blinding(guess: Guess) -> str:
    """What the guesses say about the arm that learns."""
    if guess.learning is None:
        return "No arm learns in this study, so no guess is right or wrong."
    right, adjusted = guess.right
    if right.index.value is None:
        return f"The blinding cannot be judged: {right.index.note}."
    interval = right.index.interval
    index = "Bang's index is" if len(guess.indices) == 2 else "the share corrected for chance is"
    return (
        f"{right.count} of {right.total} participants named {arm_label(guess.learning)}, the arm "
        f"that learns: {index} {number(right.index.value)}"
        f"{f', {interval.apa()}' if interval else ''} (0 is guessing, 1 is unblinded), "
        f"{p_text(right.p)} against chance, {p_text(adjusted)} corrected over the arms. James's "
        "index says the same again when everyone names one of the arms, (1 − the index) / 2; it "
        "stands in the file."
    )


def model(findings: Findings, tables: Mapping[str, Table]) -> str:
    """Which language model wrote; empty when none did."""
    rows = {row["name"]: row["value"] for row in tables["provenance"].records()}
    fingerprints, name = rows["model fingerprints"], findings.protocol.generation.model
    if fingerprints.startswith("none"):
        return ""
    text = (
        "Arms are named for what conditions them. The same language model wrote for all of them "
        f"that write: `{name}`, fingerprint {fingerprints}."
    )
    if name == "embedded":
        text += (
            " It is the small model that this software ships, of GPT-2's architecture but with "
            "none of OpenAI's weights; an arm called GPT-2 is that model with the request alone."
        )
    return text


def stopping(findings: Findings) -> str:
    """The stopping rule of the protocol, and at which of its looks the report is."""
    stage = findings.stage
    if stage is None:
        return (
            "Stopping: fixed. The protocol states one analysis, when "
            f"{findings.protocol.participants} participants have completed, and no look at the "
            "results before; no α is spent on the way."
        )
    alpha = findings.protocol.analysis.alpha
    if stage.too_early:
        return (
            f"Stopping: {_spending(stage, alpha)}. The first is still to come, as "
            f"{stage.completed} have completed: no confirmatory, secondary or equivalence test was "
            "made. Descriptions and exploratory tests are shown all the same; nothing about the "
            "study may be decided by them."
        )
    levels = listed([level_text(p) for p in stage.boundaries(alpha).nominal])
    return (
        f"Stopping: {_spending(stage, alpha)}, with nominal levels of {levels} for a single test. "
        f"{_standing(stage)} Holm's procedure compares the j-th smallest p of a family of m with "
        "the level that the look has for α/(m − j + 1) (Ye, Li, Liu and Yao, 2013). What an "
        "earlier look rejected stays rejected, and stands in the report of that look alone. "
        "Estimates and intervals are not corrected for the looks: a study that stops early tends "
        "to overstate its effect."
    )


def _spending(stage: Stage, alpha: float) -> str:
    at = listed([str(planned) for planned in stage.planned])
    rule = stage.boundaries(alpha).rule
    return f"{rule} of α = {alpha:g} over looks at {at} completed participants"


def _standing(stage: Stage) -> str:
    """At which look the data are, and whether they hold what was planned for it."""
    planned = stage.planned[stage.number - 1]
    where = f"This is look {stage.number} of {len(stage.planned)}"
    if stage.completed == planned:
        return f"{where}: {planned} have completed and count, as planned for it."
    return (
        f"{where}, a deviation from the plan: the protocol states it for {planned} completed "
        f"participants who are not excluded, and the data hold {stage.completed}. The tests use "
        "all of these, with the levels of the looks as planned."
    )


def level(stage: Stage | None, alpha: float) -> str:
    """What a single test is held to: α, or the level of the look that the study is at."""
    found = level_of(stage, alpha)
    if stage is None or found is None:
        return f"two-sided α = {alpha:g}"
    return f"two-sided level {level_text(found)} of look {stage.number} of {len(stage.planned)}"


def methods(protocol: Protocol) -> list[str]:
    """The methods as paragraphs for a paper: design, analysis, exclusions."""
    return [design(protocol), analysis(protocol), exclusions(protocol)]


def requests(protocol: Protocol) -> str:
    """What the tests hold for, and what says more."""
    return (
        f"The {len(protocol.requests)} requests of this study stand for all that people might ask "
        "for. A test over participants holds for these requests and says nothing of others (Clark, "
        "1973, Journal of Verbal Learning and Verbal Behavior 12, 335–359); the mixed models under "
        "“Sensitivity analyses”, in which requests are random, say how far it holds for requests "
        "like these."
    )


def design(protocol: Protocol) -> str:
    """What a participant did, and how arms were assigned."""
    scales = [f"{i.id} ({i.scale.low} to {i.scale.high})" for i in protocol.items]
    checks = len(protocol.attention_checks)
    return (
        f"In each of {protocol.rounds} rounds a participant read {len(protocol.arms)} texts that "
        "answered the same request, one from each arm, in blinded slots whose order followed "
        f"Williams sequences, and rated each on {listed(scales)}. They also chose the text they "
        f"would rather keep. Among the rounds {'was' if checks == 1 else 'were'} {checks or 'no'} "
        f"attention check{'' if checks == 1 else 's'}. The next participant "
        "received the order that was least used among those who had completed, were not excluded, "
        "or were under way. The design is within-participant: everyone sees every arm in every "
        "round."
    )


def analysis(protocol: Protocol) -> str:
    """The confirmatory analysis, and what stands beside it."""
    return (
        "The unit of analysis is the participant. For a contrast of means, ratings are averaged "
        "over rounds within participant and arm, and the differences are tested by a two-sided "
        "paired t test; for a slope, each participant's least-squares slope of the difference on "
        "the centred round is tested against zero by a one-sample t test. Families are corrected "
        f"{_correction(protocol)}; everything else is exploratory and labelled so. Sensitivity "
        "analyses use Wilcoxon's signed-rank test with its exact distribution under ties (zeros "
        "dropped before ranking, and by Pratt after), the sign test, multiple imputation of "
        "missing rounds under missing at random, and a linear and a cumulative-link mixed model "
        "with crossed random effects of participants and requests. Bootstrap intervals are "
        "bias-corrected and accelerated, over participants, from a fixed seed."
    )


def _correction(protocol: Protocol) -> str:
    """How families are corrected, and the equivalence tests where there are any."""
    alpha, limits = protocol.analysis.alpha, protocol.analysis.equivalence
    stage = stage_at(protocol, 0)
    text = f"by Holm's method on their own at α = {alpha:g}"
    if protocol.analysis.gatekeeping:
        text = f"by Holm's method at α = {alpha:g}, one after the other by serial gatekeeping"
    if stage is not None:
        text = f"on their own by Holm's procedure at each look, with {_spending(stage, alpha)}"
    if limits is not None:
        last = " at the last look" if stage else ""
        text += (
            f"; contrasts of means are tested for equivalence within {bounds(limits)} by two "
            f"one-sided tests{last}, each on its own"
        )
    return text


def exclusions(protocol: Protocol) -> str:
    """Whom the confirmatory analysis leaves out."""
    rules, words = protocol.analysis.exclusions, []
    if rules.complete_rounds:
        words.append("participants who did not complete all rounds")
    if rules.attention_failures is not None:
        words.append(
            f"those who failed {rules.attention_failures} or more of "
            f"{len(protocol.attention_checks)} attention checks"
        )
    if rules.straight_lining:
        words.append("those who gave every text of every round the same rating on every item")
    if not words:
        return "The protocol excludes nobody who rated at least one round."
    return f"Excluded from the confirmatory analysis, as pre-registered: {'; '.join(words)}."


def listed(words: Sequence[str]) -> str:
    """a, b and c

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
