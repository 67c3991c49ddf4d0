"""Forced section structure: the headings are given, the model writes what stands under them.

A text then always parses (`hare.data.skills.parse_skill`), whatever the model, if its budget holds
the headings and a few words a line. The model still decides where a line ends and whether another
step follows: a line break that it draws closes the line, an empty line or the end token in the
instructions closes them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

MOST_STEPS = 9
LEAST = 4  # tokens kept for each line that is still to come

# Before title, description, when, first step and example. A blank belongs to the word after it, as
# in the tokens of GPT-2 and in ours.
_HEADINGS = ("#", "\n\n", "\n\n## When to use\n", "\n\n## Instructions\n1.", "\n\n## Example\n")
_STEPS, _EXAMPLE = 3, 4
_BLANK_FIRST = (0, _STEPS)  # the sections whose lines begin with a blank


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """The headings and line breaks in a tokenizer's tokens.

    breaks     (vocabulary,) true where a token holds a line break or is the end token
    doubled    (vocabulary,) true where it holds two line breaks or is the end token
    refused    by section, (vocabulary,) true where it must not open a line: without a word, or
               with a blank too many
    headings   tokens given before each section
    numbers    tokens given before the second step, the third, ...
    """

    breaks: np.ndarray
    doubled: np.ndarray
    refused: tuple[np.ndarray, ...]
    headings: tuple[Sequence[int], ...]
    numbers: tuple[Sequence[int], ...]

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, vocabulary: int) -> Outline:
        """Read the tokens; `vocabulary` is the number of the model's logits."""

        def encode(text: str) -> Sequence[int]:
            return tokenizer(text, add_special_tokens=False)["input_ids"]

        # After another token, since some tokenizers drop the blank that begins a text.
        before = encode("#")[-1]
        read = tokenizer.batch_decode([[before, i] for i in range(min(vocabulary, len(tokenizer)))])
        texts = [text.removeprefix(str(tokenizer.decode([before]))) for text in read]
        texts += [""] * (vocabulary - len(texts))
        end = tokenizer.eos_token_id
        breaks = np.array([2 if i == end else text.count("\n") for i, text in enumerate(texts)])
        word = (breaks == 0) & [text[:1].isalnum() for text in texts]
        blank = (breaks == 0) & [text[:1] == " " and text[1:2].isalnum() for text in texts]
        # Where no token holds a blank and a word, the blank is given.
        opens, after = (blank, "") if blank.any() else (word, " ")
        sections = range(len(_HEADINGS))
        return cls(
            breaks=breaks > 0,
            doubled=breaks > 1,
            refused=tuple(~(opens if k in _BLANK_FIRST else word) for k in sections),
            headings=tuple(
                encode(_HEADINGS[k] + after if k in _BLANK_FIRST else _HEADINGS[k])
                for k in sections
            ),
            numbers=tuple(encode(f"\n{k}.{after}") for k in range(2, MOST_STEPS + 1)),
        )

    def needed(self, section: int) -> int:
        """Tokens that the sections after this one take at least."""
        return sum(len(heading) + LEAST for heading in self.headings[section + 1 :])


class Form:
    """One text as it is being filled in; `budget` tokens at the most."""

    def __init__(self, outline: Outline, budget: int) -> None:
        self._outline = outline
        self._left = budget
        self._given = deque(outline.headings[0])
        self._section = 0
        self._step = 1
        self._empty = True  # whether the line has no token yet
        self._open = True

    def next(self, draw: Callable[[np.ndarray | None], int]) -> int | None:
        """The next token, given or drawn; None when the text is whole.

        draw   draws a token other than those where its argument, (vocabulary,), is true
        """
        self._left -= 1
        if not self._given:
            token = draw(self._outline.refused[self._section] if self._empty else None)
            if not self._outline.breaks[token] and self._left > self._outline.needed(self._section):
                self._empty = False
                return token
            self._close(last_step=bool(self._outline.doubled[token]))
        return self._given.popleft() if self._open else None

    def _close(self, last_step: bool) -> None:
        """Close the line: another step follows, or the next section, or nothing."""
        self._empty = True
        room = self._left > self._outline.needed(self._section) + 2 * LEAST
        if self._section == _EXAMPLE:
            self._open = False
        elif self._section == _STEPS and room and not last_step and self._step < MOST_STEPS:
            self._given.extend(self._outline.numbers[self._step - 1])
            self._step += 1
        else:
            self._section += 1
            self._given.extend(self._outline.headings[self._section])
