"""Breadth, judged on arms of which it is known what they write."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from hare.arms import Arm, Request, UserState
from hare.data.corpus import compose, load_corpus
from hare.data.skills import format_skill
from hare.experiments.text_breadth import ROUNDS, measure_breadth
from hare.synthesis.resources import Resources


class Writer:
    """Writes of the domains it was given, one after the other, whoever asks for whatever."""

    def __init__(self, domains: Sequence[str]) -> None:
        corpus, rng = load_corpus(), np.random.default_rng(0)
        task = next(iter(corpus.tasks))
        self.texts = cycle([format_skill(compose(corpus, d, task, "expert", rng)) for d in domains])
        self.asked: list[Request] = []

    def initial_state(self) -> UserState:
        return UserState("ordinal")

    def recommend(self, requests: Sequence[Request]) -> list[Any]:
        self.asked += requests
        return [SimpleNamespace(text=next(self.texts)) for _ in requests]


@pytest.mark.parametrize("broad", [False, True])
def test_domains_are_counted_and_both_must_be_there(tiny_resources: Resources, broad: bool) -> None:
    domains = list(load_corpus().domains)
    writer = Writer(domains[:ROUNDS] if broad else domains[:1])
    found = measure_breadth(tiny_resources, cast(Arm, writer), users=3, seed=1)
    assert found["domains_new"] == found["domains_one"] == (ROUNDS if broad else 1)
    assert (found["both_domains"] > 0) == broad
    assert len(writer.asked) == 3 * 3 * ROUNDS
    known = [r.state for r in writer.asked if r.state.rounds]
    assert len(known) == 2 * 3 * ROUNDS
    tests = {text for t in load_corpus().tasks.values() for text in t.requests["test"]}
    assert {r.query for r in writer.asked} <= tests
