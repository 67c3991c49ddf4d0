"""The systems under study behind one interface."""

from hare.arms.interface import Arm, Diagnostics, Provenance, Recommendation, Request
from hare.arms.registry import build_arms, known_arms
from hare.user_state.state import UserState

__all__ = [
    "Arm",
    "Diagnostics",
    "Provenance",
    "Recommendation",
    "Request",
    "UserState",
    "build_arms",
    "known_arms",
]
