"""The part of a protocol that plans the confirmatory analysis: what is tested, when, and how.

Looks at the data before the last participant are paid for by alpha spending: K. K. G. Lan and
D. L. DeMets (1983), Biometrika 70, 659-663. Serial gatekeeping: A. Dmitrienko and A. C. Tamhane
(2007), Pharmaceutical Statistics 6, 171-180. Equivalence bounds must stand here before the data do:
D. Lakens (2017), Social Psychological and Personality Science 8, 355-362.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from study_design.parts import Exclusions, Name, Part


class Primary(Part):
    """The primary comparison: treatment − comparator on each of the items."""

    treatment: Name
    comparator: Name
    items: Annotated[tuple[Name, ...], Field(min_length=1)]


class Equivalence(Part):
    """The bounds between which a difference of means is too small to matter.

    units   raw: points of the scale. d_z: standard deviations of the participants' differences
    """

    low: float = Field(lt=0, allow_inf_nan=False)
    high: float = Field(gt=0, allow_inf_nan=False)
    units: Literal["raw", "d_z"] = "raw"


class Stopping(Part):
    """When the data are analysed. `fixed` alone means once, when `participants` have completed.

    rule    obrien_fleming, pocock: at each look, at levels by which all looks together spend alpha
    looks   numbers of participants who have completed, rising to `participants`. Closer looks than
            a twentieth of them apart, or earlier, would have next to no alpha to spend
    """

    rule: Literal["fixed", "obrien_fleming", "pocock"]
    looks: tuple[Annotated[int, Field(ge=2)], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_a_bare_rule(cls, value: Any) -> Any:
        return {"rule": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _looks_fit_the_rule(self) -> Self:
        if self.rule == "fixed":
            if self.looks:
                raise ValueError("looks: only the rules obrien_fleming and pocock have them")
            return self
        if len(self.looks) < 2:
            raise ValueError(f"looks: the rule {self.rule} needs at least two")
        if min(b - a for a, b in pairwise((0, *self.looks))) * 20 < self.looks[-1]:
            raise ValueError(
                f"looks: {list(self.looks)} must rise from 0 by at least a twentieth of the last "
                "at each step"
            )
        return self

    @model_serializer(mode="wrap")
    def _fixed_is_a_bare_rule(self, fields: SerializerFunctionWrapHandler) -> Any:
        return self.rule if self.rule == "fixed" else fields(self)


class Analysis(Part):
    """The confirmatory analysis.

    slopes       pairs [treatment, comparator] whose difference is tested for a trend over rounds
    slope_item   the item on which that is done
    power        the power at which the smallest detectable effect is stated
    gatekeeping  F2 is tested only when every test of F1 is significant, and F3 only when every one
                 of F2 is, so that alpha holds over all three together; else each has its own alpha
    equivalence  without bounds equivalence is not tested

    Where gatekeeping is off, or there are no bounds, the canonical form has no such field.
    """

    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    power: float = Field(default=0.80, gt=0.5, lt=1)
    primary: Primary
    slopes: tuple[tuple[Name, Name], ...] = ()
    slope_item: Name
    exclusions: Exclusions = Exclusions()
    gatekeeping: bool = Field(default=False, exclude_if=lambda on: not on)
    equivalence: Equivalence | None = Field(default=None, exclude_if=lambda bounds: bounds is None)
    stopping: Stopping = Stopping(rule="fixed")

    @model_validator(mode="after")
    def _gatekeeping_at_one_look(self) -> Self:
        if self.gatekeeping and self.stopping.rule != "fixed":
            raise ValueError(
                f"gatekeeping: needs stopping: fixed (is {self.stopping.rule}); a gate that one "
                "look opens and the next cannot see is not offered"
            )
        return self
