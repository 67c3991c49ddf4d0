"""Our tokenizer: texts come back exactly, phrases are whole, and no token holds four words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from hare.data.corpus import SLOTS, Corpus, compose_many
from hare.data.skills import Skill, format_skill
from hare.synthesis.generator import ConditionedGPT2, request_prompt
from hare.synthesis.resources import Resources
from hare.synthesis.tokenizer import END, WORDS


@pytest.fixture(scope="module")
def model(tiny_resources: Resources) -> ConditionedGPT2:
    """As it was read from its directory: a tokenizer is used only after it was stored."""
    return tiny_resources.trained.model


@pytest.fixture(scope="module")
def composed(corpus: Corpus) -> list[Skill]:
    return compose_many(corpus, 1, seed=41) + compose_many(corpus, 1, seed=42, held_out=True)


def phrases(corpus: Corpus) -> set[str]:
    """What fills the slots, as it stands in a text: after a blank, and moves as sentences too."""
    found: set[str] = set()
    for domain in corpus.domains.values():
        for slot in SLOTS:
            found |= {f" {atom.text}" for atom in domain.atoms[slot]}
        found |= {f" {a.text[0].upper()}{a.text[1:]}" for a in domain.atoms["move"]}
    return found


def test_every_composed_and_hand_written_text_comes_back_exactly(
    model: ConditionedGPT2, corpus: Corpus, composed: list[Skill]
) -> None:
    for skill in [*composed, *corpus.written]:
        text = format_skill(skill)
        assert model.tokenizer.decode(model.encode(text)) == text
        assert model.read(model.encode(text)) == text


@given(st.text())
def test_any_text_comes_back_exactly(model: ConditionedGPT2, text: str) -> None:
    assert model.tokenizer.decode(model.encode(text)) == text


@given(st.text(), st.lists(st.text(), max_size=2))
def test_any_prompt_comes_back_exactly(
    model: ConditionedGPT2, query: str, notes: list[str]
) -> None:
    prompt = request_prompt(query, notes)
    assert model.tokenizer.decode(model.encode_prompt(prompt)) == prompt


def test_a_phrase_that_fills_a_slot_is_one_token_with_the_blank_before_it(
    model: ConditionedGPT2, corpus: Corpus
) -> None:
    for phrase in phrases(corpus):
        assert len(model.encode(phrase)) == 1, phrase


def test_things_stand_in_texts_as_whole_tokens(
    model: ConditionedGPT2, corpus: Corpus, composed: list[Skill]
) -> None:
    for skill in composed[::7]:
        tokens = {str(model.tokenizer.decode([i])) for i in model.encode(format_skill(skill))}
        assert any(f" {a.text}" in tokens for a in corpus.domains[skill.domain].atoms["thing"])


def test_a_token_is_a_phrase_or_holds_three_words_at_the_most(
    model: ConditionedGPT2, corpus: Corpus
) -> None:
    assert isinstance(model.tokenizer, PreTrainedTokenizerFast)
    added = set(model.tokenizer.get_added_vocab())
    assert added == phrases(corpus) | {END}
    learned = [i for token, i in model.tokenizer.get_vocab().items() if token not in added]
    texts = [str(model.tokenizer.decode([i])) for i in learned]
    assert max(len(text.split()) for text in texts) == WORDS == 3


def test_a_text_takes_fewer_tokens_than_words(
    model: ConditionedGPT2, composed: list[Skill]
) -> None:
    texts = [format_skill(skill) for skill in composed]
    tokens = sum(len(model.encode(text)) for text in texts)
    # The tiny vocabulary spells much in letters; a phrase as one token pays for that.
    assert tokens < 1.6 * sum(len(text.split()) for text in texts)


def test_the_words_of_a_request_are_read_one_by_one(model: ConditionedGPT2, corpus: Corpus) -> None:
    for task in corpus.tasks.values():
        query = task.requests["test"][0]
        tokens = model.encode_prompt(request_prompt(query, ["A note. Use this when"]))
        texts = [str(model.tokenizer.decode([i])) for i in tokens]
        request = texts[len(model.encode("Notes:\nA note. Use this when\n\nRequest: ")) :]
        assert "".join(request) == f"{query}\n\n"
        assert all(len(text.split()) <= 1 for text in request)


def test_a_word_is_encoded_alike_wherever_it_stands_in_a_request(model: ConditionedGPT2) -> None:
    def tokens(query: str) -> list[int]:
        head = len(model.encode("Request: "))
        return model.encode_prompt(request_prompt(query))[head:-1]

    assert tokens("please plan my week")[len(tokens("please plan")) :] == tokens("x my week")[1:]
