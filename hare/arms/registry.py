"""Arms by name. A new arm is one file and one line here.

The generating arms of one study share the base language model, the encoder, the pool and the
decoding settings (`hare.synthesis.resources`), so that they differ only in what conditions them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from hare.arms.fake import FakeArm
from hare.arms.interface import Arm
from hare.errors import UnknownArmError
from hare.synthesis.settings import ResourceSettings

if TYPE_CHECKING:
    from hare.synthesis.resources import Resources


def _hare(name: str, resources: Resources) -> Arm:
    from hare.arms.hare_arm import HareArm

    return HareArm(resources, name)


def _hare_no_user(name: str, resources: Resources) -> Arm:
    from hare.arms.hare_arm import HareArm

    return HareArm(resources, name, learns=False)


def _attention_only(name: str, resources: Resources) -> Arm:
    from hare.arms.hare_arm import HareArm

    return HareArm(resources, name, doubts=False)


def _best_existing(name: str, resources: Resources) -> Arm:
    from hare.arms.selecting import BestExistingArm

    return BestExistingArm(resources, name)


def _linucb(name: str, resources: Resources) -> Arm:
    from hare.arms.selecting import LinUCBArm

    return LinUCBArm(resources, name)


def _random(name: str, resources: Resources) -> Arm:
    from hare.arms.selecting import RandomArm

    return RandomArm(resources, name)


def _rag(name: str, resources: Resources) -> Arm:
    from hare.arms.static import PromptArm

    return PromptArm(resources, name, retrieved=2)


def _gpt2(name: str, resources: Resources) -> Arm:
    from hare.arms.static import PromptArm

    return PromptArm(resources, name, retrieved=0)


_WITH_MODEL: dict[str, Callable[[str, Resources], Arm]] = {
    "hare": _hare,
    "rag": _rag,
    "gpt2": _gpt2,
    "hare_no_user": _hare_no_user,
    "attention_only": _attention_only,
    "best_existing": _best_existing,
    "linucb": _linucb,
    "random": _random,
}
_WITHOUT_MODEL: dict[str, Callable[[str], Arm]] = {"fake": FakeArm}


def known_arms() -> list[str]:
    """The names that a protocol file may use, sorted."""
    return sorted([*_WITH_MODEL, *_WITHOUT_MODEL])


def build_arms(
    systems: Mapping[str, str],
    settings: ResourceSettings | None = None,
    resources: Resources | None = None,
) -> dict[str, Arm]:
    """Build the arms of a study.

    systems     label in the study -> name in the registry, e.g. {"hare": "hare", "null_a": "fake"}
    settings    model, encoder and decoding shared by the arms; the embedded defaults when None
    resources   these, for a caller that has loaded them already: `settings` are then not read

    Raises UnknownArmError for a name that is not registered, before any model is loaded.

    >>> sorted(build_arms({"a": "fake", "b": "fake"}))
    ['a', 'b']
    """
    for system in systems.values():
        if system not in _WITH_MODEL and system not in _WITHOUT_MODEL:
            raise UnknownArmError(system, known_arms())
    arms: dict[str, Arm] = {}
    for label, system in systems.items():
        if system in _WITHOUT_MODEL:
            arms[label] = _WITHOUT_MODEL[system](label)
            continue
        if resources is None:
            from hare.synthesis.resources import load_resources

            resources = load_resources(settings)
        arms[label] = _WITH_MODEL[system](label, resources)
    return arms
