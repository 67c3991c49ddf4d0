"""The rated texts of a study's export: texts.csv, ratings.csv and protocol.yaml.

`study_app/codebook.py` describes the columns. Texts of the system `hare` are taken, each with what
its arm had learned from by then under the protocol's policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from hare.data.ratings import Learned, RatedText
from hare.errors import InputError

SYSTEM = "hare"
Place = tuple[str, int, str]  # participant, round, slot


@dataclass(frozen=True, slots=True)
class _Shown:
    """A rated text, with the arm and the system that wrote it."""

    round: int
    arm: str
    system: str
    query: str
    text: str
    reward: float
    model: str


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the protocol says of learning. items: id -> (lowest, highest) point of its scale."""

    policy: str
    items: Mapping[str, tuple[int, int]]
    queries: Mapping[str, str]

    def teaches(self, earlier: _Shown, arm: str) -> bool:
        """Whether an arm learns from the rating of an earlier text."""
        return self.policy == "all_slots" or (self.policy == "own" and earlier.arm == arm)


def read_export(folder: Path) -> list[RatedText]:
    """The rated texts of HARE in an export.

    Raises InputError that names the file and what is wrong with it.
    """
    rules = _rules(folder / "protocol.yaml")
    rated = []
    for participant, shown in _shown(folder, rules).items():
        for text in shown:
            if text.system != SYSTEM:
                continue
            earlier = [s for s in shown if s.round < text.round and rules.teaches(s, text.arm)]
            history = tuple(
                Learned(s.text, s.reward, s.query if s.arm == text.arm else None) for s in earlier
            )
            rated.append(
                RatedText(
                    participant, text.query, text.text, text.reward, history, model=text.model
                )
            )
    if not rated:
        raise InputError(f"{folder}: holds no rated text of the system {SYSTEM!r}")
    return rated


def _rules(path: Path) -> _Rules:
    try:
        protocol = yaml.safe_load(path.read_text("utf-8"))
        scales = {i["id"]: (i["scale"]["low"], i["scale"]["high"]) for i in protocol["items"]}
        return _Rules(
            policy=protocol["update"]["policy"],
            items={name: scales[name] for name in protocol["update"]["reward_items"]},
            queries={request["id"]: request["text"] for request in protocol["requests"]},
        )
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: is no protocol, {error} is not as expected") from error


def _shown(folder: Path, rules: _Rules) -> dict[str, list[_Shown]]:
    """The rated texts by participant, in the order of the file."""
    rewards = _rewards(folder / "ratings.csv", rules)
    columns = ("participant", "round", "slot", "arm", "request", "text", "system", "model")
    shown: dict[str, list[_Shown]] = {}
    for place, row in _rows(folder / "texts.csv", columns):
        if place not in rewards:
            continue  # the round was not rated
        if row["request"] not in rules.queries:
            raise InputError(f"{folder}/texts.csv: the protocol has no request {row['request']!r}")
        text = _Shown(
            round=place[1],
            arm=row["arm"],
            system=row["system"],
            query=rules.queries[row["request"]],
            text=row["text"],
            reward=rewards[place],
            model=row["model"],
        )
        shown.setdefault(place[0], []).append(text)
    return shown


def _rewards(path: Path, rules: _Rules) -> dict[Place, float]:
    """The mean, over the reward items, of where on its scale the rating lies."""
    shares: dict[Place, dict[str, float]] = {}
    for place, row in _rows(path, ("participant", "round", "slot", "item", "rating")):
        if row["item"] in rules.items:
            low, high = rules.items[row["item"]]
            rating = _integer(path, "rating", row["rating"])
            if not low <= rating <= high:
                raise InputError(f"{path}: rating = {rating}: must be in {low}..{high}")
            shares.setdefault(place, {})[row["item"]] = (rating - low) / (high - low)
    for (participant, round_, slot), rated in shares.items():
        if missing := sorted(set(rules.items) - set(rated)):
            where = f"participant {participant}, round {round_}, slot {slot}"
            raise InputError(f"{path}: {where}: there is no rating of {', '.join(missing)}")
    return {place: sum(rated.values()) / len(rated) for place, rated in shares.items()}


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[Place, dict[Any, str]]]:
    """The rows of a table, each with its place."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    for name in columns:
        if name not in table.columns:
            raise InputError(f"{path}: there is no column {name!r}")
    for row in table.to_dict("records"):
        yield (row["participant"], _integer(path, "round", row["round"]), row["slot"]), row


def _integer(path: Path, name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise InputError(f"{path}: {name} = {value!r}: must be a whole number") from error
