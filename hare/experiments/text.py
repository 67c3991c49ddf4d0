"""A: how well does the conditioned decoder write, and does it write what its condition says?

Users whose taste is known ask in wordings that training has not seen. Each text is judged by routes
that are independent of the model: the grammar checker, and TF-IDF classifiers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from hare.arms.hare_arm import HareArm
from hare.arms.interface import Recommendation
from hare.data.checker import Checker, lines_of
from hare.data.corpus import compose_many, load_corpus
from hare.data.skills import LEVELS, Skill, format_skill, is_well_formed, parse_skill
from hare.experiments.text_breadth import measure_breadth
from hare.experiments.text_cases import Case, draw_cases
from hare.experiments.text_nats import own_nats, real_nats
from hare.metrics.novelty import nearest_cosine
from hare.simulation.raters import Reading, read
from hare.synthesis.resources import Resources

BATCH = 16
USERS = 12  # of each kind at most, for the breadth of what they get


def measure_text(
    resources: Resources, count: int, seed: int, collected: Path | None = None
) -> dict[str, float]:
    """Write `count` texts in seen and as many in held-out cells; shares and nats by name.

    Further texts are written to see how broad they are (`hare.experiments.text_breadth`).

    collected   skills.jsonl that `python -m hare collect` wrote, to score real skills too
    """
    arm = HareArm(resources)
    cases = draw_cases(resources, arm, count, seed)
    start = time.perf_counter()
    answers: list[Recommendation] = []
    for i in tqdm(range(0, len(cases), BATCH), desc="texts", leave=False):
        answers += arm.recommend([case.request for case in cases[i : i + BATCH]])
    seconds = time.perf_counter() - start
    texts = [answer.text for answer in answers]
    corpus = load_corpus()
    figures = {"texts": len(texts), "domains": len(corpus.domains), "tasks": len(corpus.tasks)}
    figures = {name: float(number) for name, number in figures.items()}
    figures |= _form(texts)
    figures["first_drafts_accepted"] = _share([not a.provenance.notes for a in answers])
    figures |= _accuracies(cases, texts)
    scored = {"": own_nats(resources, arm, cases, seed)}
    if collected is not None:
        scored["real_"] = real_nats(resources, arm, collected, seed)
    for prefix, by_condition in scored.items():
        for name, cost in by_condition.items():
            figures[f"{prefix}nats_{name}"] = cost.nats_per_document
            figures[f"{prefix}ppl_{name}"] = cost.perplexity
            figures[f"{prefix}bits_per_byte_{name}"] = cost.bits_per_byte
    figures |= _against_pool(resources, cases, texts, seed)
    figures |= measure_breadth(resources, arm, min(count, USERS), seed)
    figures |= judges(seed)
    # Tokens of the texts that were taken; the time includes drafts that were not.
    figures["tokens_per_second"] = sum(a.provenance.tokens for a in answers) / seconds
    return figures


def judges(seed: int) -> dict[str, float]:
    """How often the classifiers are right about texts whose labels are known: hand-written skills,
    which the grammar did not make, and composed ones."""
    corpus = load_corpus()
    composed = compose_many(corpus, 1, seed=seed + 9_000, held_out=True)
    figures = {}
    for name, skills in (("written", corpus.written), ("composed", composed)):
        readings = [read(format_skill(skill)) for skill in skills]
        for label in ("domain", "task", "level"):
            right = [
                _read_label(r, label) == getattr(s, label) for r, s in _pairs(readings, skills)
            ]
            figures[f"judge_{label}_{name}"] = _share(right)
    return figures


def _pairs(readings: Sequence[Reading], skills: Sequence[Skill]) -> list[tuple[Reading, Skill]]:
    return list(zip(readings, skills, strict=True))


def _read_label(reading: Reading, label: str) -> str:
    """The most probable domain, task or level of a text."""
    corpus = load_corpus()
    names = {"domain": list(corpus.domains), "task": list(corpus.tasks), "level": list(LEVELS)}
    return names[label][int(getattr(reading, label).argmax())]


def _form(texts: Sequence[str]) -> dict[str, float]:
    checker = Checker(load_corpus())
    verdicts = [checker.check(text) for text in texts]
    return {
        "well_formed": _share([v.well_formed for v in verdicts]),
        "garbled_documents": _share([bool(v.garbled) or v.switches_topic for v in verdicts]),
    }


def _accuracies(cases: Sequence[Case], texts: Sequence[str]) -> dict[str, float]:
    right: dict[str, list[bool]] = {}
    rotated = [*cases[2:], *cases[:2]]  # another user's wish, for the chance level
    for case, other, text in zip(cases, rotated, texts, strict=True):
        reading = read(text)
        where = "heldout" if case.held_out else "seen"
        for label in ("domain", "task", "level"):
            found = _read_label(reading, label)
            right.setdefault(f"{label}_accuracy_{where}", []).append(found == getattr(case, label))
            shuffled = right.setdefault(f"{label}_accuracy_shuffled", [])
            shuffled.append(found == getattr(other, label))
    return {name: _share(values) for name, values in sorted(right.items())}


def _against_pool(
    resources: Resources, cases: Sequence[Case], texts: Sequence[str], seed: int
) -> dict[str, float]:
    """What of the texts stands in the pool; beside it, the same of newly composed texts."""
    pool = resources.trained.pool
    lines = {line for skill in pool.skills for line in lines_of(skill)}
    whole = {format_skill(skill) for skill in pool.skills}
    fresh = compose_many(load_corpus(), 1, seed=seed + 7_000)
    nearest, _ = nearest_cosine(resources.encoder.encode(list(texts)), pool.embeddings)
    written = [line for t in texts if is_well_formed(t) for line in lines_of(parse_skill(t))]
    return {
        "verbatim_sentences": _share([line in lines for line in written]),
        "verbatim_sentences_composed": _share([x in lines for s in fresh for x in lines_of(s)]),
        "copied_documents": _share([text in whole for text in texts]),
        "novelty": float(1.0 - nearest.mean()),
    }


def _share(values: Sequence[bool]) -> float:
    return float(np.mean(values)) if values else 0.0
