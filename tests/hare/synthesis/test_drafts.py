"""Which draft becomes the text: the first accepted one, else the best, and the record says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_models import byte_tokenizer, small_gpt2

from hare.arms import Decoding
from hare.data.corpus import Corpus, compose
from hare.data.skills import format_skill, is_well_formed
from hare.errors import GenerationError, SettingsError
from hare.synthesis import generator
from hare.synthesis.generator import ConditionedGPT2, Draft
from hare.synthesis.resources import Resources

PROMPT = "Request: a\n\n"
UNFINISHED = "# A plan\n\nAn unfinished"
UNSOUND = "# A plan\n\nD.\n\n## When to use\nW.\n\n## Instructions\n1. S.\n\n## Example\nE."


@pytest.fixture(scope="module")
def sound(corpus: Corpus) -> str:
    return format_skill(compose(corpus, "product", "plan", "expert", np.random.default_rng(4)))


class Writer:
    """Stands in for sampling: writes given drafts, for every prompt the same, in order."""

    def __init__(self, model: ConditionedGPT2, texts: Sequence[str]) -> None:
        self.model = model
        self.texts = texts
        self.batches: list[int] = []

    def __call__(self, lm: Any, prompts: Sequence[Any], *rest: Any) -> list[list[int]]:
        text = self.texts[len(self.batches)]
        self.batches.append(len(prompts))
        return [self.model.encode(text) for _ in prompts]


@pytest.fixture(scope="module")
def model() -> ConditionedGPT2:
    return ConditionedGPT2(small_gpt2(), byte_tokenizer())


def chosen(
    monkeypatch: pytest.MonkeyPatch, model: ConditionedGPT2, texts: Sequence[str], accept: str
) -> tuple[Draft, int]:
    """The draft taken of these, and how many were written."""
    writer = Writer(model, texts)
    monkeypatch.setattr(generator, "sample", writer)
    decoding = Decoding(max_new_tokens=2000, drafts=len(texts), accept=accept)
    draft = model.write(
        [PROMPT], [1], decoding, sound=lambda text: text not in (UNSOUND, UNFINISHED)
    )
    return draft[0], len(writer.batches)


@pytest.mark.parametrize(
    ("accept", "order", "number", "written", "accepted"),
    [
        ("sound", "unfinished unsound sound sound", 2, 3, True),
        ("sound", "sound unsound", 0, 1, True),
        ("sound", "unfinished unsound unsound", 1, 3, False),
        ("sound", "empty unfinished unfinished", 1, 3, False),
        ("sound", "empty empty", 0, 2, False),
        ("well_formed", "unfinished unsound sound", 1, 2, True),
        ("well_formed", "unfinished empty", 0, 2, False),
    ],
)
def test_the_first_accepted_draft_is_taken_or_the_best_of_all(
    monkeypatch: pytest.MonkeyPatch,
    model: ConditionedGPT2,
    sound: str,
    accept: str,
    order: str,
    number: int,
    written: int,
    accepted: bool,
) -> None:
    texts = {"sound": sound, "unsound": UNSOUND, "unfinished": UNFINISHED, "empty": ""}
    drafts = [texts[name] for name in order.split()]
    draft, count = chosen(monkeypatch, model, drafts, accept)
    assert (draft.number, count, draft.accepted) == (number, written, accepted)
    assert draft.text == drafts[number]
    assert draft.well_formed == is_well_formed(draft.text)


def test_only_texts_that_wait_for_a_better_draft_are_written_again(
    monkeypatch: pytest.MonkeyPatch, model: ConditionedGPT2, sound: str
) -> None:
    writer = Writer(model, [UNSOUND, sound])
    monkeypatch.setattr(generator, "sample", writer)
    verdicts = iter([True, False, True, True])  # of the first draft the second text is refused
    drafts = model.write(
        [PROMPT] * 3, [1, 2, 3], Decoding(max_new_tokens=2000), sound=lambda _: next(verdicts)
    )
    assert writer.batches == [3, 1]
    assert [draft.number for draft in drafts] == [0, 1, 0]


def test_a_text_that_used_up_its_budget_is_not_accepted(
    monkeypatch: pytest.MonkeyPatch, model: ConditionedGPT2
) -> None:
    length = len(model.encode(UNSOUND))
    for budget, taken in ((length, False), (length + 1, True)):
        monkeypatch.setattr(generator, "sample", Writer(model, [UNSOUND]))
        decoding = Decoding(max_new_tokens=budget, drafts=1, accept="well_formed")
        assert model.write([PROMPT], [1], decoding)[0].accepted == taken


@pytest.mark.parametrize(
    ("accept", "order", "notes"),
    [
        ("sound", ["sound"], ()),
        ("sound", [UNSOUND, "sound"], ("draft 2 of 3",)),
        ("sound", [UNSOUND] * 3, ("no draft was sound",)),
        ("sound", [UNFINISHED, UNSOUND, UNSOUND], ("draft 2 of 3", "no draft was sound")),
        ("sound", [UNFINISHED] * 3, ("no draft was well formed",)),
        ("well_formed", [UNFINISHED, UNSOUND], ("draft 2 of 3",)),
        ("well_formed", [UNSOUND], ()),
    ],
)
def test_the_record_says_which_draft_it_is_and_what_none_of_them_was(
    monkeypatch: pytest.MonkeyPatch,
    tiny_resources: Resources,
    sound: str,
    accept: str,
    order: list[str],
    notes: tuple[str, ...],
) -> None:
    texts = [sound if text == "sound" else text for text in order]
    monkeypatch.setattr(generator, "sample", Writer(tiny_resources.trained.model, texts))
    decoding = Decoding(max_new_tokens=2000, drafts=3, accept=accept)
    settings = replace(tiny_resources.settings, decoding=decoding)
    resources = Resources(tiny_resources.trained, tiny_resources.encoder, settings)
    (written,) = resources.write([PROMPT], [1])
    assert written.notes == notes
    assert written.text == texts[-1] or notes


def test_a_text_that_stays_empty_is_an_error_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tiny_resources: Resources
) -> None:
    monkeypatch.setattr(generator, "sample", Writer(tiny_resources.trained.model, ["", " \n"]))
    settings = replace(tiny_resources.settings, decoding=Decoding(max_new_tokens=9, drafts=2))
    resources = Resources(tiny_resources.trained, tiny_resources.encoder, settings)
    with pytest.raises(GenerationError, match=r"nothing in 2 drafts; raise generation\.drafts"):
        resources.write([PROMPT], [1])


@pytest.mark.parametrize(("field", "value"), [("accept", "best"), ("structure", "loose")])
def test_a_rule_that_is_not_known_is_refused_with_those_that_are(field: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=f"{field} = '{value}': must be one of"):
        Decoding(**{field: value})
