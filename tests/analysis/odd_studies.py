"""Studies that are unlike the pilot: protocols with other parts, and exports of few people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from study_design import PILOT, Protocol, load_protocol

Change = Callable[[dict[str, Any]], None]


def protocol_with(change: Change) -> Protocol:
    """The pilot's protocol after `change` has worked on its fields."""
    fields = load_protocol(PILOT).model_dump(mode="json")
    change(fields)
    return Protocol.model_validate(fields)


def two_arms(fields: dict[str, Any]) -> None:
    fields["arms"] = fields["arms"][:2]
    fields["practice"]["texts"] = fields["practice"]["texts"][:2]
    fields["analysis"]["slopes"] = [["hare", "rag"]]
    fields["participants"] = 6


def one_round(fields: dict[str, Any]) -> None:
    fields["rounds"], fields["attention_checks"] = 1, []
    fields["analysis"]["exclusions"]["attention_failures"] = None


def two_rounds(fields: dict[str, Any]) -> None:
    one_round(fields)
    fields["rounds"] = 2


def one_item(fields: dict[str, Any]) -> None:
    fields["items"] = fields["items"][1:2]
    fields["analysis"]["primary"]["items"] = ["relevance"]
    fields["update"]["reward_items"] = ["relevance"]


def longer_scale(fields: dict[str, Any]) -> None:
    for item in fields["items"]:
        item["scale"] = {"low": 0, "high": 6}
        item["anchors"] = [f"anchor {k}" for k in range(7)]


def no_slopes(fields: dict[str, Any]) -> None:
    fields["analysis"]["slopes"] = []


def no_questions(fields: dict[str, Any]) -> None:
    fields |= {"closing": [], "background": [], "eligibility": [], "comment": None}


def nothing_learns(fields: dict[str, Any]) -> None:
    fields["update"]["policy"] = "frozen"


def nobody_excluded(fields: dict[str, Any]) -> None:
    fields["analysis"]["exclusions"] = {
        "complete_rounds": False,
        "attention_failures": None,
        "straight_lining": False,
    }
