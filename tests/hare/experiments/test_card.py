"""The model card says what the model is, what was measured, and how it was made."""

from __future__ import annotations

from dataclasses import replace

from hare.experiments.card import model_card
from hare.synthesis.resources import Resources

FIGURES = {
    "texts": 8.0,
    "domains": 12.0,
    "tasks": 14.0,
    "well_formed": 1.0,
    "garbled_documents": 0.25,
    "domain_accuracy_heldout": 0.5,
    "domain_accuracy_shuffled": 0.1,
    "task_accuracy_heldout": 0.875,
    "level_accuracy_heldout": 0.75,
    "nats_conditioned": 40.0,
    "nats_shuffled": 52.0,
}


def test_a_card_names_the_model_and_says_of_every_aim_whether_it_is_met(
    tiny_resources: Resources,
) -> None:
    trained = tiny_resources.trained
    card = model_card(trained, FIGURES)
    assert card.startswith("# tiny\n")
    assert f"| fingerprint | `{trained.fingerprint}` |" in card
    assert "It is **not** OpenAI's GPT-2" in card
    assert "| garbled documents <= .05 | 0.250 | **missed** |" in card
    assert "| task, held-out cells >= .85 | 0.875 | met |" in card
    assert "| nats a document, shuffled less conditioned >= 10 | 12.000 | met |" in card
    assert all(f"| {name} | {value:.3f} |" in card for name, value in FIGURES.items())


def test_a_card_tells_every_training_that_a_model_went_through(tiny_resources: Resources) -> None:
    trained = tiny_resources.trained
    first = {"fingerprint": "0123", "build": {"steps": 5}, "remarks": "The power failed once."}
    further = replace(trained, config={**trained.config, "from": first})
    made = model_card(further, FIGURES).split("## Made by")[1]
    own, _, before = made.partition("MODEL was `0123`")
    assert "`python -m hare train --start MODEL --out DIR`" in own
    assert '"name": "tiny"' in own
    assert "The power failed once." not in own
    assert "`python -m hare train --out DIR`" in before
    assert "The power failed once." in before
    assert '"steps": 5' in before
    assert "--start" not in model_card(trained, FIGURES)
