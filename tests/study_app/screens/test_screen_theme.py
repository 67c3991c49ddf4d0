"""Colours meet WCAG AA, and the catalogue of words is complete."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from study_app.screens import layout
from study_app.wording import CATALOGUES, ENGLISH, UnknownLanguage, wording_for

ROOT = Path(__file__).parents[3]
PAIRS = dict(
    re.findall(
        r"--([a-z-]+): light-dark\((#\w{6}, #\w{6})\)", layout.STYLE.read_text(encoding="utf-8")
    )
)
MODES = {"light": 0, "dark": 1}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    values = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio, WCAG 2.2: 4.5 for text, 3 for the edges of what can be used."""
    brighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def colour(name: str, mode: str) -> str:
    return PAIRS[name].split(", ")[MODES[mode]]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ground", ["paper", "card", "wash"])
@pytest.mark.parametrize("ink", ["ink", "quiet", "accent", "alert"])
def test_every_text_colour_is_readable_on_every_ground(mode: str, ground: str, ink: str) -> None:
    assert contrast(colour(ink, mode), colour(ground, mode)) >= 4.5


@pytest.mark.parametrize("mode", MODES)
def test_buttons_and_edges_are_clear(mode: str) -> None:
    assert contrast(colour("on-accent", mode), colour("accent", mode)) >= 4.5
    assert contrast(colour("edge", mode), colour("card", mode)) >= 3
    assert contrast(colour("edge", mode), colour("paper", mode)) >= 3


@pytest.mark.parametrize("mode", MODES)
def test_the_style_sheet_and_the_theme_agree(mode: str) -> None:
    config = tomllib.loads(
        (ROOT / "study_app" / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    )
    theme = config["theme"][mode]
    assert theme["backgroundColor"] == colour("paper", mode)
    assert theme["textColor"] == colour("ink", mode)
    assert theme["primaryColor"] == theme["linkColor"] == colour("accent", mode)
    assert theme["redColor"] == colour("alert", mode)
    assert theme["borderColor"] == colour("line", mode)


def test_every_other_language_says_everything_itself() -> None:
    for language, words in CATALOGUES.items():
        assert words.language == language
        if words is not ENGLISH:
            for field in fields(words):
                assert getattr(words, field.name) != getattr(ENGLISH, field.name), field.name


def test_an_unknown_language_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UnknownLanguage, match=r"study\.language = 'xx'.*en"):
        wording_for("xx")
