"""The paragraphs of the report: what a table cannot say, with numbers that are in the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.confirmatory import ContrastResult, FamilyResult, arm_label
from analysis.exploratory import Guess
from analysis.findings import Findings
from analysis.report.table import Table
from analysis.stats.results import number, p_text
from study_design import Protocol, testable

SIMULATED = (
    "These participants are simulated. A program gave the ratings. The numbers show that the "
    "platform and the analysis work; they are no evidence about people."
)
SENSITIVITY = (
    "The confirmatory decision rests on the paired t tests of F1 to F3 alone. What follows repeats "
    "the primary comparison under other choices: without the exclusions, with missing rounds "
    "imputed, by ranks and signs, and with mixed models of the single ratings. It shows how far "
    "the result depends on those choices, and decides nothing."
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
    "over participants, and Holm's correction is applied among the slots and among the arms "
    "before. The confirmatory tests use nothing of this."
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
    return f" The null hypothesis is {'' if rejected else 'not '}rejected at α = {family.alpha:g}."


def _reach(findings: Findings, tables: Mapping[str, Table]) -> str:
    n = findings.sample.n
    people = f"{n} participant{'' if n == 1 else 's'}"
    row = next(r for r in tables["power"].records() if r["sample"] == "reached")
    if row["smallest_d_z"] is None:
        reach = f"With {people} no effect is detectable: {row['note']}."
    else:
        reach = (
            f"With {people} this study detects a standardised paired difference of d_z = "
            f"{row['smallest_d_z']:.3f} with power {row['power']:.2f} (two-sided α = "
            f"{row['alpha']:g}); smaller effects can go unnoticed, and a result that is not "
            "significant is no evidence of equality."
        )
    able = [h.id for h in testable(findings.protocol) if h.testable]
    return (
        f"{reach} The participant is the unit of every confirmatory test. "
        f"Hypotheses that these arms can test: {', '.join(able) or 'none'}."
    )


def no_difference(findings: Findings) -> str:
    """How to read the Bayes factors and the smallest bounds."""
    alpha = findings.protocol.analysis.alpha
    return (
        "Exploratory. The JZS Bayes factor weighs a difference against none (Cauchy prior on d_z "
        "of scale 0.707; BF₁₀ above 1 speaks for a difference, below 1 for none). The protocol "
        "states no equivalence bounds, so equivalence is not tested and not claimed; the table "
        f"gives the {100 * (1 - 2 * alpha):.4g}% interval and the smallest bounds ± within which "
        "two one-sided tests would have shown it."
    )


def blinding(guess: Guess) -> str:
    """What the guesses say about the arm that learns."""
    if guess.learning is None:
        return "No arm learns in this study, so no guess is right or wrong."
    right = next(index for index in guess.indices if index.arm == guess.learning)
    if right.index.value is None or guess.james.value is None:
        return f"The blinding cannot be judged: {right.index.note}."
    bang = right.index.interval
    james = guess.james.interval
    return (
        f"{right.count} of {right.total} participants named {arm_label(guess.learning)}, the arm "
        f"that learns: Bang's index {number(right.index.value)}"
        f"{f', {bang.apa()}' if bang else ''}, {p_text(right.p)} against chance; James's index "
        f"{number(guess.james.value)}{f', {james.apa()}' if james else ''} (0.5 is guessing, 0 is "
        "unblinded)."
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


def stopping(protocol: Protocol) -> str:
    """The stopping rule of the protocol."""
    return (
        f"Stopping: fixed. The protocol states one analysis, when {protocol.participants} "
        "participants have completed, and no look at the results before; no α is spent on the way."
    )


def methods(protocol: Protocol) -> list[str]:
    """The methods as paragraphs for a paper: design, analysis, exclusions."""
    return [design(protocol), analysis(protocol), exclusions(protocol)]


def design(protocol: Protocol) -> str:
    """What a participant did, and how arms were assigned."""
    scales = [f"{i.id} ({i.scale.low} to {i.scale.high})" for i in protocol.items]
    checks = len(protocol.attention_checks)
    return (
        f"In each of {protocol.rounds} rounds a participant read {len(protocol.arms)} texts that "
        "answered the same request, one from each arm, in blinded slots whose order followed "
        f"Williams sequences, and rated each on {listed(scales)}. They also chose the text they "
        f"would rather keep. Among the rounds {'was' if checks == 1 else 'were'} {checks or 'no'} "
        f"attention check{'' if checks == 1 else 's'}. Sequences were assigned so "
        "that those with the fewest completions came first. The design is within-participant: "
        "everyone sees every arm in every round."
    )


def analysis(protocol: Protocol) -> str:
    """The confirmatory analysis, and what stands beside it."""
    return (
        "The unit of analysis is the participant. For a contrast of means, ratings are averaged "
        "over rounds within participant and arm, and the differences are tested by a two-sided "
        "paired t test; for a slope, each participant's least-squares slope of the difference on "
        "the centred round is tested against zero by a one-sample t test. Families are corrected "
        f"by Holm's method on their own at α = {protocol.analysis.alpha:g}; everything else is "
        "exploratory and labelled so. Sensitivity analyses use Wilcoxon's signed-rank test with "
        "its exact distribution under ties (zeros dropped before ranking, and by Pratt after), the "
        "sign test, multiple imputation of missing rounds under missing at random, a linear mixed "
        "model and a cumulative-link mixed model. Bootstrap intervals are bias-corrected and "
        "accelerated, over participants, from a fixed seed."
    )


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
