"""Precision and recall of the screening, by reason, on the labelled texts.

`python -m tests.hare.data.screening` prints the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from hare.data.validate import REASONS, validate_text

TEXTS = Path(__file__).parent / "labelled_texts.yaml"
PARTS = ("tune", "check")


@dataclass(frozen=True)
class Score:
    """How often a reason was rightly given, wrongly given, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed)


def labelled_texts(part: str) -> list[tuple[str, str]]:
    """(label, text) of one part."""
    groups = yaml.safe_load(TEXTS.read_text("utf-8"))
    return [
        (label, text.replace("¦", "")) for label, parts in groups.items() for text in parts[part]
    ]


def score(part: str, reason: str) -> Score:
    """The score of one reason; "rejected" stands for any of them."""
    right = wrong = missed = 0
    for label, text in labelled_texts(part):
        given = {objection.reason for objection in validate_text(text)}
        said = bool(given) if reason == "rejected" else reason in given
        true = label != "ok" if reason == "rejected" else label == reason
        right += said and true
        wrong += said and not true
        missed += true and not said
    return Score(right, wrong, missed)


def main() -> None:
    print("| part | reason | right | wrong | missed | precision | recall |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for part in PARTS:
        for reason in (*REASONS[1:], "rejected"):
            s = score(part, reason)
            counts = f"{s.right} | {s.wrong} | {s.missed}"
            print(f"| {part} | {reason} | {counts} | {s.precision:.2f} | {s.recall:.2f} |")


if __name__ == "__main__":
    main()
