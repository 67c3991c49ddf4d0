"""What HARE was conditioned on when it wrote texts that were rated later."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from hare.arms.hare_arm import HareArm
from hare.arms.interface import Diagnostics, Provenance, Recommendation, Request
from hare.data.ratings import RatedText
from hare.errors import InputError
from hare.synthesis.feedback import Rated
from hare.synthesis.resources import Resources
from hare.user_state.state import UserState


def conditions_of(
    resources: Resources, ratings: Sequence[RatedText], progress: bool = True
) -> list[Rated]:
    """Rebuild the user state of each rating by learning its history anew, and attend.

    Raises InputError for a text of another model and a mean of another size.
    """
    arm = HareArm(resources)
    rated = []
    for rating in tqdm(ratings, disable=not progress, desc="user states"):
        fingerprint = resources.trained.fingerprint
        if rating.model not in ("", fingerprint):
            raise InputError(
                f"a text of participant {rating.participant!r} was written by the model "
                f"{rating.model!r}, this is {fingerprint!r}: name the directory of that model"
            )
        state = _state(arm, resources, rating)
        seen = arm.attend(Request(rating.query, state, seed=0))
        rated.append(
            Rated(
                rating.participant,
                rating.query,
                rating.text,
                rating.reward,
                z=seen.z[0].numpy(),
                mean=state.arrays["mean"],
            )
        )
    return rated


def _state(arm: HareArm, resources: Resources, rating: RatedText) -> UserState:
    state = arm.initial_state()
    if rating.mean is not None:
        size = state.arrays["mean"].shape
        if np.shape(rating.mean) != size:
            raise InputError(
                f"participant {rating.participant!r}: the mean has {len(rating.mean)} numbers, "
                f"users of this model have {size[0]}"
            )
        known = {"mean": np.array(rating.mean), "covariance": np.zeros(2 * size)}
        return UserState(state.kind, 0, {**state.arrays, **known})
    for one in rating.history:
        features = {"text": resources.features(one.text)}
        if one.query is not None:
            features |= arm.traces(arm.attend(Request(one.query, state, seed=0)))
        origin = Provenance(arm.name, "", resources.trained.fingerprint, one.query or "", seed=0)
        state = arm.learn(
            state, Recommendation(one.text, features, Diagnostics(), origin), one.reward
        )
    return state
