"""Training examples: what they ask, what they answer, and what must not be seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hare.data.corpus import Corpus
from hare.synthesis.examples import Examples, Mode
from hare.synthesis.generator import ConditionedGPT2, Conditioner


def test_a_hand_written_target_is_hidden_from_its_own_attention(
    examples: Examples, model: ConditionedGPT2
) -> None:
    skills = examples.pool.skills
    index = next(i for i, s in enumerate(skills) if s.source.endswith("hand-written"))
    cell = skills[index]
    domain, task = list(examples.corpus.domains), list(examples.corpus.tasks)
    level = ("beginner", "practitioner", "expert").index(cell.level)
    many = 60
    targets = examples.targets(
        np.full(many, domain.index(cell.domain)),
        np.full(many, task.index(cell.task)),
        np.full(many, level),
        np.random.default_rng(0),
    )
    hidden = targets.excluded.sum(dim=1)
    assert set(hidden.tolist()) == {0, 1}  # composed on the fly, or a skill of the pool
    assert all(skills[int(i)].task == cell.task for i in targets.excluded.nonzero()[:, 1])
    assert isinstance(model.conditioner, Conditioner)
    rows, requests, _ = examples.draw_conditions(many, np.random.default_rng(1))
    seen = examples.attend(model.conditioner, rows, requests, 1.0, excluded=targets.excluded)
    assert (seen.weights.mean(dim=1)[targets.excluded] == 0).all()


def test_no_text_is_trained_on_in_a_held_out_cell(
    examples: Examples, model: ConditionedGPT2, corpus: Corpus
) -> None:
    assert isinstance(model.conditioner, Conditioner)
    rng = np.random.default_rng(2)
    rows, requests, tasks = examples.draw_conditions(200, rng)
    with torch.no_grad():
        seen = examples.attend(model.conditioner, rows, requests, alpha=0.0)
    domains, levels, allowed = examples.draw_wanted(tasks, seen.weights, 3.0, rng)
    names, works = list(corpus.domains), list(corpus.tasks)
    for domain, task, may in zip(domains, tasks, allowed, strict=True):
        assert may == (not corpus.held_out(names[domain], works[task]))
    assert set(levels) == {0, 1, 2}


@pytest.mark.parametrize("mode", [Mode.RAG, Mode.GPT2])
def test_notes_stand_in_the_prompt_of_the_arm_that_retrieves_and_of_no_other(
    examples: Examples, model: ConditionedGPT2, mode: Mode
) -> None:
    prompts, texts = examples.plain_batch(mode, 4, 0.3, np.random.default_rng(3))
    assert len(prompts) == len(texts) == 4
    for prompt in prompts:
        read = str(model.tokenizer.decode(prompt))
        assert read.count("Notes:") == (2 if mode is Mode.RAG else 0)
        assert read.count("Request: ") == 1
        assert read.endswith("\n\n")


@pytest.mark.parametrize("dropout", [0.0, 0.4, 1.0])
def test_words_of_a_request_are_left_out_and_the_others_keep_their_order(
    examples: Examples, model: ConditionedGPT2, dropout: float
) -> None:
    rng = np.random.default_rng(5)
    kept = total = 0
    for index, wording in enumerate(examples._wordings):
        read = str(model.tokenizer.decode(examples.prompt(index, dropout, rng)))
        words = read.removeprefix("Request: ").split()
        rest = iter(wording.split())
        assert all(word in rest for word in words)  # a subsequence
        kept, total = kept + len(words), total + len(wording.split())
    assert kept / total == pytest.approx(1 - dropout, abs=0.08)
    assert model.tokenizer.decode(examples.prompt(None, dropout, rng)) == "Request: \n\n"


def test_whole_lines_of_a_text_are_blanked_and_never_a_line_feed(
    examples: Examples, model: ConditionedGPT2
) -> None:
    text = model.encode("# One two three\n\nFour five\n\n1. Six seven\n2. Eight")
    feeds = np.isin(text, model.line_feeds)
    line = np.cumsum(feeds)
    assert 3 <= feeds.sum() < len(text)
    rng = np.random.default_rng(5)
    blanks = [examples.blank(text, 1.0, rng) for _ in range(200)]
    assert not any(b[feeds].any() for b in blanks)
    by_line = [[set(b[(line == n) & ~feeds]) for n in np.unique(line[~feeds])] for b in blanks]
    assert all(len(seen) == 1 for lines in by_line for seen in lines)  # all of a line or nothing
    assert 0.4 < np.mean([b[~feeds].mean() for b in blanks]) < 0.6  # shares are drawn evenly
    assert {len([1 for seen in lines if True in seen]) for lines in by_line} == {0, 1, 2, 3, 4}


def test_the_share_of_texts_with_blanks_is_the_one_asked_for(examples: Examples) -> None:
    text = list(range(300, 340))  # no line feed among them: one line
    rng = np.random.default_rng(6)
    assert not any(examples.blank(text, 0.0, rng).any() for _ in range(50))
    blanked = [examples.blank(text, 0.5, rng).any() for _ in range(2000)]
    assert np.mean(blanked) == pytest.approx(0.25, abs=0.04)  # half of the half, at an even rate
    assert examples.blank([], 1.0, rng).shape == (0,)
