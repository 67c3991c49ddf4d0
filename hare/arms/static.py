"""The arms that know no user: GPT-2 (the request alone) and RAG (the request and retrieved texts).

Lewis et al. (2020), retrieval-augmented generation: the nearest texts of the pool by cosine stand
in the prompt of the same base model, which has seen that form in training.
"""

from __future__ import annotations

from collections.abc import Sequence

from hare.arms.interface import Diagnostics, Provenance, Recommendation, Request
from hare.synthesis.examples import note_of
from hare.synthesis.generator import request_prompt
from hare.synthesis.resources import Resources
from hare.user_state.state import UserState

VERSION = "2"


class PromptArm:
    """Writes from a prompt that depends on the request alone; `retrieved` notes stand in it."""

    adaptive = False

    def __init__(self, resources: Resources, name: str, retrieved: int) -> None:
        self.name = name
        self._resources = resources
        self._retrieved = retrieved

    def initial_state(self) -> UserState:
        return UserState("empty")

    def recommend(self, requests: Sequence[Request]) -> list[Recommendation]:
        prompts = [self._prompt(request.query) for request in requests]
        written = self._resources.write(prompts, [request.seed for request in requests])
        return [
            Recommendation(
                text=text.text,
                features={"text": self._resources.features(text.text)},
                diagnostics=Diagnostics(),
                provenance=Provenance(
                    arm=self.name,
                    version=VERSION,
                    model=self._resources.trained.fingerprint,
                    prompt=prompt,
                    seed=request.seed,
                    decoding=self._resources.decoding_record(),
                    tokens=text.tokens,
                    latency_s=text.latency_s,
                    notes=text.notes,
                ),
            )
            for request, prompt, text in zip(requests, prompts, written, strict=True)
        ]

    def learn(self, state: UserState, recommendation: Recommendation, reward: float) -> UserState:
        """The same state: this arm does not learn."""
        return state

    def _prompt(self, query: str) -> str:
        skills = self._resources.trained.pool.skills
        found = self._resources.nearest(query, self._retrieved) if self._retrieved else []
        return request_prompt(query, [note_of(skills[i]) for i in found])
