"""The documents for people, rendered from a protocol so that they cannot drift from it.

`study_design.md` describes the study, `consent.md` is what participants agree to, and
`preregistration.md` fixes the confirmatory analysis. The fixed wording is in templates/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from study_design.hypotheses import families, familywise_error, testable
from study_design.power import power_paired, smallest_effect
from study_design.protocol import Protocol
from study_design.sequences import sequence_count
from study_design.williams import order_count, williams_square

DOCUMENTS = ("study_design.md", "consent.md", "preregistration.md")

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_TEMPLATES = Path(__file__).parent / "templates"


def render(name: str, protocol: Protocol) -> str:
    """One of DOCUMENTS for this protocol, in Markdown; KeyError for another name."""
    if name not in DOCUMENTS:
        raise KeyError(f"{name!r} is none of {', '.join(DOCUMENTS)}")
    return _environment().get_template(f"{name}.j2").render(_values(protocol))


def consent_text(protocol: Protocol) -> str:
    """The consent form of this protocol, in Markdown without HTML, its title as the only `#`.

    >>> from study_design import PILOT, load_protocol
    >>> consent_text(load_protocol(PILOT)).splitlines()[0]
    '# Reading and rating short guides for work'
    """
    return render("consent.md", protocol)


def write_documents(protocol: Protocol, folder: Path) -> list[Path]:
    """Write every document into the folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in DOCUMENTS]
    for path in paths:
        path.write_text(render(path.name, protocol), encoding="utf-8")
    return paths


def stale_documents(protocol: Protocol, folder: Path) -> list[Path]:
    """The documents in the folder that are missing or differ from what the protocol gives."""
    return [
        folder / name
        for name in DOCUMENTS
        if not (folder / name).is_file()
        or (folder / name).read_text(encoding="utf-8") != render(name, protocol)
    ]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # Markdown; the screens escape HTML when they show it
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = _number
    environment.filters["listed"] = _listed
    environment.filters["word"] = _word
    return environment


def _values(protocol: Protocol) -> dict[str, Any]:
    analysis, planned = protocol.analysis, protocol.participants
    registered = families(protocol)
    first_step = analysis.alpha / len(registered[0].contrasts)
    return {
        "protocol": protocol,
        "orders": order_count(len(protocol.arms)),
        "request_sequences": len(williams_square(len(protocol.requests))),
        "sequences": sequence_count(protocol),
        "families": registered,
        "hypotheses": testable(protocol),
        "exclusions": _exclusions(protocol),
        "first_step": first_step,
        "familywise": familywise_error(protocol),
        "tested_families": sum(bool(family.contrasts) for family in registered),
        "bounds": _bounds(protocol),
        "power_rows": [
            (
                n,
                *(
                    smallest_effect(n, analysis.power, level)
                    for level in (analysis.alpha, first_step)
                ),
            )
            for n in range(planned, max(planned - 5, 2), -2)
        ],
        "smallest": smallest_effect(planned, analysis.power, analysis.alpha),
        "power_at_half": power_paired(planned, 0.5, analysis.alpha),
    }


def _exclusions(protocol: Protocol) -> list[str]:
    """The exclusion rules in words, in the order in which they are applied."""
    rules, checks = protocol.analysis.exclusions, protocol.attention_checks
    words = []
    if rules.complete_rounds:
        words.append(f"Fewer than all {_word(protocol.rounds)} rounds completed.")
    if rules.attention_failures and checks:
        rounds = _listed([check.round for check in checks])
        every = rules.attention_failures == len(checks)
        number = "All" if every else f"At least {_word(rules.attention_failures)} of the"
        words.append(
            f"{number} attention checks (rounds {rounds}) answered otherwise than instructed."
        )
    if rules.straight_lining:
        words.append("Straight-lining: every rating of every text in every round is the same.")
    return words or ["None."]


def _bounds(protocol: Protocol) -> str:
    """The equivalence bounds in words; empty where the protocol states none."""
    bounds = protocol.analysis.equivalence
    if bounds is None:
        return ""
    units = {
        "raw": "points of the scale",
        "d_z": "standard deviations of the participants' differences (d_z)",
    }
    low, high = (f"{bound:g}".replace("-", "−") for bound in (bounds.low, bounds.high))
    return f"{low} and {high} {units[bounds.units]}"


def _number(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}"


def _word(count: int) -> str:
    """Small numbers as words, others as digits."""
    return _WORDS[count] if count < len(_WORDS) else str(count)


def _listed(values: list[Any], last: str = "and") -> str:
    """a, b and c"""
    words = [str(value) for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
