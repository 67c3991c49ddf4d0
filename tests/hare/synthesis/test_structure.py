"""Forced structure: whatever is drawn, what comes out is a skill with all its sections."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import byte_tokenizer, small_gpt2, spaced_tokenizer
from transformers import PreTrainedTokenizerBase

from hare.arms import Decoding
from hare.data.skills import format_skill, is_well_formed, parse_skill
from hare.synthesis.generator import ConditionedGPT2
from hare.synthesis.resources import Resources
from hare.synthesis.structure import LEAST, MOST_STEPS, Form, Outline

SPARE = 7  # more logits than tokens, as published models have them


@pytest.fixture(scope="module")
def tokenizers(tiny_resources: Resources) -> dict[str, PreTrainedTokenizerBase]:
    own = tiny_resources.trained.model.tokenizer
    return {"own": own, "bytes": byte_tokenizer(), "spaced": spaced_tokenizer()}


@pytest.fixture(scope="module")
def outlines(tokenizers: dict[str, PreTrainedTokenizerBase]) -> dict[str, Outline]:
    return {name: Outline.of(t, len(t) + SPARE) for name, t in tokenizers.items()}


def least(outline: Outline) -> int:
    """The smallest budget that is promised to suffice."""
    return len(outline.headings[0]) + LEAST + outline.needed(0)


def filled(outline: Outline, budget: int, tokens: int, breaking: float, seed: int) -> list[int]:
    """A form filled with tokens drawn evenly, with breaks as often as asked."""
    rng = np.random.default_rng(seed)

    def draw(refused: np.ndarray | None) -> int:
        score = rng.random(tokens + SPARE) - (np.arange(tokens + SPARE) >= tokens)
        if rng.random() < breaking:
            score = score + outline.breaks[: tokens + SPARE]
        if refused is not None:
            assert not refused.all()
            score[refused] = -2
        return int(score.argmax())

    form, text = Form(outline, budget), []
    while (token := form.next(draw)) is not None:
        text.append(token)
        assert len(text) < budget
    return text


@pytest.mark.parametrize("name", ["own", "bytes", "spaced"])
@given(st.integers(0, 2**32 - 1), st.integers(0, 300), st.floats(0, 1))
@settings(max_examples=60)
def test_a_form_always_parses_within_its_budget(
    tokenizers: dict[str, PreTrainedTokenizerBase],
    outlines: dict[str, Outline],
    name: str,
    seed: int,
    more: int,
    breaking: float,
) -> None:
    tokenizer, outline = tokenizers[name], outlines[name]
    tokens = filled(outline, least(outline) + more, len(tokenizer), breaking, seed)
    model = ConditionedGPT2(small_gpt2(), tokenizer)
    text = model.read(tokens)
    assert is_well_formed(text), text
    assert 1 <= len(parse_skill(text).steps) <= MOST_STEPS


def test_the_words_of_a_skill_that_is_drawn_come_back_as_that_skill(
    tiny_resources: Resources, outlines: dict[str, Outline]
) -> None:
    model, outline = tiny_resources.trained.model, outlines["own"]
    for skill in tiny_resources.trained.pool.skills[:5]:
        lines = [f" {skill.title}", skill.description, skill.when]
        lines += [*(f" {step}" for step in skill.steps[:-1]), f" {skill.steps[-1]}\n\n"]
        wanted = [i for line in lines for i in model.encode(line) + model.encode("\n")]
        wanted += [*model.encode(skill.example), model.end]
        queue = iter(_without_second_break(model, wanted))
        form, tokens = Form(outline, 600), []
        while (token := form.next(lambda _, queue=queue: next(queue))) is not None:
            tokens.append(token)
        assert model.read(tokens) == format_skill(skill)


def _without_second_break(model: ConditionedGPT2, tokens: list[int]) -> list[int]:
    """A line break after an empty line says nothing more."""
    texts = [str(model.tokenizer.decode([i])) for i in tokens]
    return [
        token
        for k, (token, text) in enumerate(zip(tokens, texts, strict=True))
        if not (text == "\n" and k and texts[k - 1].endswith("\n\n"))
    ]


def test_a_model_of_bytes_with_random_weights_writes_whole_skills() -> None:
    model = ConditionedGPT2(small_gpt2(context=400), byte_tokenizer())
    forced = Decoding(max_new_tokens=200, drafts=1, accept="well_formed", structure="forced")
    prompts, seeds = ["Request: a\n\n"] * 8, range(8)
    assert all(draft.accepted for draft in model.write(prompts, seeds, forced))
    free = Decoding(max_new_tokens=200, drafts=1, accept="well_formed")
    assert not any(draft.well_formed for draft in model.write(prompts, seeds, free))


def test_every_arm_s_model_writes_whole_skills_when_it_is_told_to(
    tiny_resources: Resources,
) -> None:
    forced = Decoding(max_new_tokens=120, drafts=1, structure="forced")
    drafts = tiny_resources.trained.model.write(["Request: a\n\n"] * 4, range(4), forced)
    assert all(draft.well_formed for draft in drafts)


def test_the_steps_go_on_while_lines_end_and_stop_at_an_empty_line(
    tokenizers: dict[str, PreTrainedTokenizerBase], outlines: dict[str, Outline]
) -> None:
    model = ConditionedGPT2(small_gpt2(), tokenizers["own"])
    word, line, empty = (model.encode(text)[0] for text in (" word", "\n", "\n\n"))
    opening = model.encode("word")[0]

    def steps(ends: list[int]) -> int:
        drawn = [word, line, opening, line, opening, line]
        drawn += [i for end in ends for i in (word, end)] + [opening, model.end]
        queue = iter(drawn)
        form, tokens = Form(outlines["own"], 400), []
        while (token := form.next(lambda _: next(queue))) is not None:
            tokens.append(token)
        return len(parse_skill(model.read(tokens)).steps)

    assert steps([empty]) == 1
    assert steps([line, line, empty]) == 3
    assert steps([line, line, model.end]) == 3
    assert steps([line] * MOST_STEPS) == MOST_STEPS


def test_tokens_that_hold_a_line_break_or_no_word_do_not_open_a_line(
    tokenizers: dict[str, PreTrainedTokenizerBase], outlines: dict[str, Outline]
) -> None:
    for name, tokenizer in tokenizers.items():
        outline = outlines[name]
        for refused in outline.refused:
            assert refused[len(tokenizer) :].all()
            assert refused[outline.breaks].all()
            assert not refused.all()
            assert refused[tokenizer.eos_token_id]
