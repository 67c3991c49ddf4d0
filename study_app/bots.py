"""Simulated participants who go through the whole study, by the services the screens use.

A bot's ratings come from `hare.simulation.raters`; its draws follow from the seed, so the same seed
gives the same participants and the same data, and a run that was interrupted goes on where it was.
Every row of a bot is marked as simulated in the database.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import mean
from typing import Any, Protocol

import numpy as np
from tqdm import tqdm

from study_app import participants, ratings, rounds
from study_app.errors import BotsError
from study_app.participants import Step
from study_app.storage.canonical import sha256
from study_app.study import Study
from study_design.parts import EligibilityQuestion, Item, Question

TOGETHER = 8  # bots at a time, so that their texts are written in batches
_ATTENTIVE = 0.97  # probability that a bot follows an attention check


class Rater(Protocol):
    """Who rates: `hare.simulation.raters.Rater`, or a stand-in in tests."""

    def rate(self, text: str, request: str, rng: np.random.Generator) -> Mapping[str, int]:
        """Ratings of a text from 1 to 5, by item."""
        ...

    def choose(self, by_slot: Mapping[str, Mapping[str, int]], /, rng: np.random.Generator) -> str:
        """The slot of the best text."""
        ...


@dataclass(frozen=True, slots=True)
class BotsReport:
    """What the bots did: participants who completed, rounds rated now, seconds taken."""

    completed: int
    rounds: int
    seconds: float


def run_bots(
    study: Study, raters: Sequence[Rater], *, seed: int, progress: bool = False
) -> BotsReport:
    """Let one simulated participant a rater complete the study."""
    start = time.perf_counter()
    # All enrol first, in order: who gets which sequence must not depend on who is faster.
    seeds = [int(sha256(f"bots {seed}/{number}")[:16], 16) >> 1 for number in range(len(raters))]
    tokens = [participants.enrol(study, simulated=True, seed=own).token for own in seeds]
    steps = len(raters) * study.protocol.rounds
    with (
        tqdm(total=steps, desc="bots", unit="round", disable=not progress) as bar,
        ThreadPoolExecutor(TOGETHER) as pool,
    ):
        jobs = [
            pool.submit(_play, study, token, rater, own, bar)
            for token, rater, own in zip(tokens, raters, seeds, strict=True)
        ]
        try:
            played = [job.result() for job in jobs]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    completed = sum(participants.resume(study, token).step is Step.DEBRIEF for token in tokens)
    return BotsReport(completed, sum(played), time.perf_counter() - start)


def population(number: int, seed: int) -> list[Rater]:
    """Simulated raters; BotsError when their number makes no sense."""
    if number < 1:
        raise BotsError(f"--participants {number}: must be at least 1")
    if seed < 0:
        raise BotsError(f"--seed {seed}: must be at least 0")
    from hare.simulation import raters

    return list(raters.population(number, seed))


def _play(study: Study, token: str, rater: Rater, seed: int, bar: tqdm) -> int:
    """Go through the study from wherever the participant is; gives the rounds rated."""
    protocol, played = study.protocol, 0
    bot = participants.resume(study, token)
    if bot.step is Step.BACKGROUND:
        rng = np.random.default_rng([seed, 0])
        given = _answers((*protocol.eligibility, *protocol.background), rng)
        bot = participants.answer_background(study, bot, given, seconds=_seconds(rng, 40))
    if bot.step is Step.INSTRUCTIONS:
        rng = np.random.default_rng([seed, 1])
        bot = participants.finish_practice(study, bot, {}, seconds=_seconds(rng, 90))
    while bot.step is Step.ROUND:
        opened = rounds.open(study, bot)
        ratings.submit(study, bot, _submission(study, opened, rater, seed))
        bot = participants.resume(study, token)
        played += 1
        bar.update()
    if bot.step is Step.CLOSING:
        last = rounds.last(study, bot)
        best = _submission(study, last, rater, seed).choice
        rng = np.random.default_rng([seed, 2])
        given = _answers(protocol.closing, rng, best=best)
        ratings.close(study, bot, given, seconds=_seconds(rng, 60))
    return played


def _submission(
    study: Study, opened: rounds.OpenRound, rater: Rater, seed: int
) -> ratings.Submission:
    rng = np.random.default_rng([seed, 3, opened.round])
    by_slot: dict[str, Mapping[str, int]] = {
        shown.slot: rater.rate(shown.text, opened.request_text, rng) for shown in opened.slots
    }
    attention: dict[str, str] = {}
    if check := opened.attention_check:
        others = [option for option in check.options if option != check.correct]
        follows = rng.random() < _ATTENTIVE
        attention[check.id] = check.correct if follows else str(rng.choice(others))
    return ratings.Submission(
        nonce=opened.nonce,
        round=opened.round,
        ratings={
            slot: {item.id: _point(item, rated) for item in study.protocol.items}
            for slot, rated in by_slot.items()
        },
        choice=rater.choose(by_slot, rng),
        attention=attention,
        seconds=_seconds(rng, 75),
    )


def _point(item: Item, rated: Mapping[str, int]) -> int:
    """A rating on the item's scale; an item that the rater does not know gets its mean."""
    share = (rated.get(item.id, mean(rated.values())) - 1) / 4
    return item.scale.low + round(share * (item.scale.high - item.scale.low))


def _answers(
    questions: Sequence[Question | EligibilityQuestion],
    rng: np.random.Generator,
    *,
    best: str = "",
) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for question in questions:
        if isinstance(question, EligibilityQuestion):
            given[question.id] = question.eligible[0]
        elif question.kind == "choice":
            given[question.id] = str(rng.choice(question.options))
        elif question.kind == "scale":
            given[question.id] = int(rng.integers(1, len(question.anchors) + 1))
        elif question.kind == "slot":
            given[question.id] = best
        elif question.required:
            given[question.id] = "simulated"
    return given


def _seconds(rng: np.random.Generator, typical: float) -> float:
    """A plausible time on a page: log-normal around what is typical."""
    return round(float(typical * rng.lognormal(0, 0.3)), 1)
