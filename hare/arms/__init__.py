"""The systems under study behind one interface."""

from hare.arms.interface import Arm, Diagnostics, Provenance, Recommendation, Request
from hare.arms.registry import build_arms, known_arms
from hare.synthesis.settings import Decoding, ResourceSettings
from hare.user_state.state import UserState

__all__ = [
    "Arm",
    "Decoding",
    "Diagnostics",
    "Provenance",
    "Recommendation",
    "Request",
    "ResourceSettings",
    "UserState",
    "build_arms",
    "known_arms",
]
