"""Result objects: what a test or an estimate hands back, and how it reads in a paper.

Every number that could be missing is either a finite float or None with a note that says why; a
nan never leaves this package. `.apa()` follows the numbers-and-statistics guide of the APA manual
(7th edition): no leading zero where a value cannot exceed 1, exact p to three digits, true minus.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

from analysis.stats.tabular import Cells, Tabular, cells, reason, with_reasons

NOT_ESTIMABLE = "not estimable"
Result = TypeVar("Result")


def noted(result: Result, note: str) -> Result:
    """The result with a further note, or as it is when there is none.

    >>> noted(Estimate("d_z", 0.4, note="one tie"), "8 values left out").note
    'one tie; 8 values left out'
    """
    if not note:
        return result
    noting: Any = result  # one of the frozen dataclasses that have a note
    return replace(noting, note="; ".join(part for part in (noting.note, note) if part))


def number(value: float, digits: int = 2) -> str:
    """A number with a true minus sign, and no negative zero.

    >>> number(-0.456), number(-0.001)
    ('−0.46', '0.00')
    """
    text = f"{value:.{digits}f}"
    if text.startswith("-") and not text.strip("-0."):
        text = text[1:]
    return text.replace("-", "−")


def p_text(p: float | None) -> str:
    """A p-value as in "p = .012", without the leading zero.

    >>> p_text(0.0121), p_text(0.0000004), p_text(1.0)
    ('p = .012', 'p < .001', 'p = 1.000')
    """
    if p is None:
        return f"p {NOT_ESTIMABLE}"
    if p < 0.001:
        return "p < .001"
    text = f"{p:.3f}"
    return f"p = {text.removeprefix('0')}"


def statistic_text(value: float) -> str:
    """A rank sum or a count: as few decimals as it needs, at most two.

    >>> statistic_text(252.0), statistic_text(224.5)
    ('252', '224.5')
    """
    return number(value, next((d for d in (0, 1) if round(value, d) == value), 2))


def df_text(df: float) -> str:
    """Degrees of freedom: two decimals where they are not whole.

    >>> df_text(9.0), df_text(13.0857), df_text(1234567.0)
    ('9', '13.09', '1234567')
    """
    return f"{df:.0f}" if df == round(df) else f"{df:.2f}"


@dataclass(frozen=True, slots=True)
class Interval(Tabular):
    """A confidence interval, with the method that made it.

    >>> Interval(-2.4599, -0.7001, 0.95, "t").apa()
    '95% CI [−2.46, −0.70]'
    """

    low: float
    high: float
    level: float
    method: str

    def as_columns(self, name: str) -> Cells:
        of = "" if name == "interval" else f"{name}_"
        return {f"{of}low": self.low, f"{of}high": self.high, "level": self.level}

    def apa(self, digits: int = 2) -> str:
        bounds = f"{number(self.low, digits)}, {number(self.high, digits)}"
        return f"{100 * self.level:.4g}% CI [{bounds}]"


@dataclass(frozen=True, slots=True)
class Estimate(Tabular):
    """A named number with its interval; `value` is None when it cannot be estimated.

    name      symbol or short name, e.g. "d_z" or "M_diff"
    note      why the value or its interval is missing, or what it conditions on
    """

    name: str
    value: float | None
    interval: Interval | None = None
    note: str = ""

    def table_rows(self) -> list[Cells]:
        level, method = (self.interval.level, self.interval.method) if self.interval else (None, "")
        row: Cells = {
            "name": self.name,
            **self.as_columns("value"),
            "level": level,
            "method": method,
        }
        return [row | {"note": self.note}]

    def as_columns(self, name: str) -> Cells:
        row: Cells = {name: self.value, f"{name}_low": None, f"{name}_high": None}
        return row if self.interval is None else row | self.interval.as_columns(name)

    def apa(self, digits: int = 2) -> str:
        if self.value is None:
            return f"{self.name} {NOT_ESTIMABLE} ({self.note})"
        text = f"{self.name} = {number(self.value, digits)}"
        return text if self.interval is None else f"{text}, {self.interval.apa(digits)}"


@dataclass(frozen=True, slots=True)
class TestResult(Tabular):
    """A hypothesis test.

    test       full name of the test and its variant
    symbol     of the statistic: t, W, χ², …
    statistic  the statistic, None when not estimable
    df         degrees of freedom, None where the test has none
    p          two-sided p-value in [0, 1], None when not estimable
    n          units that the test rests on (participants)
    estimate   what is tested, in the data's own units, with its interval
    effects    standardised effect sizes, each named and signed
    note       ties, zeros, the method used, or why nothing can be estimated
    """

    __test__ = False  # the name starts with Test, and it is no test class of pytest's

    test: str
    symbol: str
    statistic: float | None
    p: float | None
    n: int
    df: float | None = None
    estimate: Estimate | None = None
    effects: tuple[Estimate, ...] = ()
    note: str = ""

    @property
    def estimable(self) -> bool:
        return self.p is not None

    def table_rows(self) -> list[Cells]:
        row, reasons = cells(self), []
        for effect in self.effects:
            row |= effect.as_columns(effect.name)
            reasons.append(reason(effect, effect.name))
        return [with_reasons(row, reasons)]

    def effect(self, name: str) -> Estimate:
        """The effect size of this name; KeyError names those there are."""
        for effect in self.effects:
            if effect.name == name:
                return effect
        raise KeyError(f"no effect {name!r}; there are {[effect.name for effect in self.effects]}")

    def apa(self) -> str:
        """One line for the results section.

        >>> TestResult("paired t", "t", -4.0621, 0.002833, 10, df=9).apa()
        't(9) = −4.06, p = .003'
        >>> TestResult("paired t", "t", 2.5, 0.026, 24, df=13.0857).apa()
        't(13.09) = 2.50, p = .026'
        """
        if self.statistic is None or self.p is None:
            return f"{self.test}: {NOT_ESTIMABLE} ({self.note})"
        df = "" if self.df is None else f"({df_text(self.df)})"
        value = number(self.statistic) if self.df is not None else statistic_text(self.statistic)
        parts = [f"{self.symbol}{df} = {value}", p_text(self.p)]
        parts += [] if self.estimate is None else [self.estimate.apa()]
        parts += [effect.apa() for effect in self.effects]
        return ", ".join(parts)
