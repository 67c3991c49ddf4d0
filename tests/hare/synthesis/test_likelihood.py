"""What is read and what is predicted when known texts are scored."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_models import byte_tokenizer, small_gpt2

from hare.errors import InputError
from hare.synthesis.generator import ConditionedGPT2
from hare.synthesis.likelihood import predict


def close(one: torch.Tensor, other: torch.Tensor) -> None:
    """Equal logits up to float32's rounding, which depends on the shape and on the processor."""
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def plain() -> ConditionedGPT2:
    torch.manual_seed(0)
    return ConditionedGPT2(small_gpt2(context=64).eval(), byte_tokenizer())


def test_every_token_of_every_text_is_predicted_and_its_end(plain: ConditionedGPT2) -> None:
    predicted = predict(plain, [[1, 2, 3], [4]], [[5, 6], [7, 8, 9]], None)
    assert predicted.tokens.tolist() == [5, 6, plain.end, 7, 8, 9, plain.end]
    assert predicted.row.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert predicted.logits.shape == (7, plain.token_embedding.num_embeddings)


def test_a_prediction_does_not_depend_on_the_other_texts_of_the_batch(
    plain: ConditionedGPT2,
) -> None:
    alone = predict(plain, [[4]], [[7, 8, 9]], None)
    beside = predict(plain, [[1, 2, 3], [4]], [[5, 6], [7, 8, 9]], None)
    close(alone.logits, beside.logits[beside.row == 1])


def test_blanked_tokens_are_neither_read_nor_predicted(plain: ConditionedGPT2) -> None:
    blanked = [np.array([False, True, True, False])]
    one = predict(plain, [[1, 2]], [[10, 11, 12, 13]], None, blanked)
    other = predict(plain, [[1, 2]], [[10, 21, 22, 13]], None, blanked)
    assert one.tokens.tolist() == [10, 13, plain.end]
    close(one.logits, other.logits)
    whole = predict(plain, [[1, 2]], [[10, 21, 22, 13]], None)
    close(whole.logits[0], one.logits[0])  # before the blanks nothing changes
    assert not torch.allclose(whole.logits[-1], one.logits[-1])


def test_soft_tokens_are_read_and_not_predicted(plain: ConditionedGPT2) -> None:
    soft = torch.randn(1, 2, plain.token_embedding.embedding_dim)
    blanked = [np.array([True, False])]
    conditioned = predict(plain, [[1]], [[5, 6]], soft, blanked)
    assert conditioned.tokens.tolist() == [6, plain.end]
    assert not torch.allclose(conditioned.logits, predict(plain, [[1]], [[5, 6]], None).logits[1:])


def test_a_text_that_does_not_fit_is_refused_with_the_numbers(plain: ConditionedGPT2) -> None:
    with pytest.raises(InputError, match=r"of 66 tokens does not fit .* context of 64"):
        predict(plain, [[1] * 30], [[2] * 35], None)
