"""Descriptions: the sample, ratings by arm and round, answers, what the systems recorded.

Each function gives a tidy DataFrame without empty numbers: where something cannot be estimated the
cell is None, and a note says why.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis.data.exports import Export
from analysis.data.frames import frame
from analysis.data.ratings import Ratings
from analysis.data.sample import Sample
from analysis.stats.arrays import Array

MEASURES = {
    "uncertainty": "the posterior variance over the prior's, 1 at the start",
    "entropy": "that of the attention over the pool, in nats",
    "mutual_information": "that of the attention and the user state, in nats",
}


def mean_interval(values: Array, *, level: float = 0.95) -> tuple[float | None, ...]:
    """Mean, low and high of the t interval over participants; None where it has no meaning.

    >>> [round(bound, 2) for bound in mean_interval(np.array([1.0, 2.0, 3.0]))]
    [2.0, -0.48, 4.48]
    """
    if values.size == 0:
        return None, None, None
    mean = float(values.mean())
    if values.size == 1:
        return mean, None, None
    error = float(values.std(ddof=1) / np.sqrt(values.size))
    half = float(stats.t.ppf((1.0 + level) / 2.0, values.size - 1)) * error
    return mean, mean - half, mean + half


def cell_means(ratings: Ratings) -> pd.DataFrame:
    """Arm × item: mean and SD of the participants' means, with the t interval of the mean."""
    rows = []
    for item in ratings.items:
        for arm in ratings.arms:
            values = ratings.means(arm, item)
            spread = float(values.std(ddof=1)) if values.size > 1 else None
            rows.append((item, arm, values.size, spread, *mean_interval(values)))
    return frame(rows, ["item", "arm", "n", "sd", "mean", "ci_low", "ci_high"])


def participant_means(ratings: Ratings) -> pd.DataFrame:
    """Participant × arm × item: the mean over the committed rounds."""
    rows = [
        (participant, arm, item, float(mean))
        for item in ratings.items
        for arm in ratings.arms
        for participant, mean in zip(ratings.participants, ratings.means(arm, item), strict=True)
    ]
    return frame(rows, ["participant", "arm", "item", "mean"])


def round_means(ratings: Ratings) -> pd.DataFrame:
    """Item × arm × round: mean over participants with its t interval between participants."""
    rows = []
    for item in ratings.items:
        for arm in ratings.arms:
            by_round = ratings.of(arm, item)
            for r in range(ratings.rounds):
                values = by_round[~np.isnan(by_round[:, r]), r]
                rows.append((item, arm, r + 1, values.size, *mean_interval(values)))
    return frame(rows, ["item", "arm", "round", "n", "mean", "ci_low", "ci_high"])


def round_differences(ratings: Ratings, contrasts: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """For each (treatment, comparator, item) and round: mean difference with its t interval."""
    rows = []
    for treatment, comparator, item in contrasts:
        by_round = ratings.difference(treatment, comparator, item)
        for r in range(ratings.rounds):
            values = by_round[~np.isnan(by_round[:, r]), r]
            name = (treatment, comparator, item)
            rows.append((*name, r + 1, values.size, *mean_interval(values)))
    columns = ["treatment", "comparator", "item", "round", "n", "mean", "ci_low", "ci_high"]
    return frame(rows, columns)


def likert(ratings: Ratings, scales: Sequence[Sequence[int]]) -> pd.DataFrame:
    """Item × arm × point: how often it was given, and its share of the arm's ratings."""
    rows = []
    for item, points in zip(ratings.items, scales, strict=True):
        for arm in ratings.arms:
            given = ratings.of(arm, item)
            given = given[~np.isnan(given)]
            for point in points:
                count = int((given == point).sum())
                rows.append((item, arm, point, count, count / given.size if given.size else None))
    return frame(rows, ["item", "arm", "rating", "count", "share"])


def sample_description(export: Export, sample: Sample) -> pd.DataFrame:
    """Who was analysed: duration, attention checks, and every background answer with its count."""
    people = export.tables["participants"]
    people = people[people["participant"].isin(sample.analysed)]
    rows: list[tuple[object, ...]] = []
    minutes = people["seconds_total"].dropna().to_numpy(dtype=np.float64) / 60.0
    for label, quantile in (("median", 0.5), ("lower quartile", 0.25), ("upper quartile", 0.75)):
        value = float(np.quantile(minutes, quantile)) if minutes.size else None
        rows.append(("time in the study", label, minutes.size, value, "minutes"))
    for failed, count in people["attention_failed"].value_counts().sort_index().items():
        share = 100.0 * int(count) / len(people)
        rows.append(("attention checks failed", str(failed), int(count), share, "%"))
    protocol = export.protocol
    asked = [
        *((f"eligibility_{question.id}", question) for question in protocol.eligibility),
        *((f"background_{question.id}", question) for question in protocol.background),
    ]
    for column, question in asked:
        if column not in people.columns or getattr(question, "kind", "choice") == "text":
            continue
        counts = people[column].value_counts()
        scale = [str(k + 1) for k in range(len(getattr(question, "anchors", ())))]
        for option in (*question.options, *scale):
            count = int(counts.get(option, 0))
            share = 100.0 * count / len(people) if len(people) else None
            rows.append((question.question, option, count, share, "%"))
    return frame(rows, ["question", "answer", "n", "value", "unit"])


def closing_answers(export: Export, sample: Sample) -> pd.DataFrame:
    """Closing questions with options or a scale: every answer with its count, and its share."""
    closing = export.tables["closing"]
    closing = closing[closing["participant"].isin(sample.analysed)]
    rows = []
    for question in export.protocol.closing:
        if question.kind not in ("choice", "scale"):
            continue
        counts = closing.loc[closing["question"] == question.id, "answer"].value_counts()
        total = int(counts.sum())
        words = question.options or question.anchors
        codes = question.options or [str(k + 1) for k in range(len(question.anchors))]
        for code, meaning in zip(codes, words, strict=True):
            count = int(counts.get(code, 0))
            rows.append((question.question, meaning, count, count / total if total else None))
    return frame(rows, ["question", "answer", "n", "share"])


def page_times(export: Export, sample: Sample) -> pd.DataFrame:
    """Page: how long the analysed participants spent on it, in seconds."""
    timings = export.tables["timings"]
    own = timings[timings["participant"].isin(sample.analysed)]
    rows = []
    for page, group in own.groupby("page", sort=False):
        seconds = group["seconds"].to_numpy(dtype=np.float64)
        quantiles = (float(np.quantile(seconds, q)) for q in (0.5, 0.05, 0.95))
        rows.append((str(page), seconds.size, *quantiles))
    return frame(rows, ["page", "pages", "median_s", "p5_s", "p95_s"])


def trajectories(export: Export, sample: Sample) -> pd.DataFrame:
    """Measure × arm × round: mean over participants with its t interval, where it is recorded."""
    texts = export.tables["texts"]
    texts = texts[texts["participant"].isin(sample.analysed)]
    rows = []
    for measure in MEASURES:
        held = texts[texts[measure].notna()]
        for arm in (arm.name for arm in export.protocol.arms):
            by_round = held[held["arm"] == arm].groupby("round")[measure]
            for round_, group in by_round:
                values = group.to_numpy(dtype=np.float64)
                rows.append((measure, arm, round_, values.size, *mean_interval(values)))
    return frame(rows, ["measure", "arm", "round", "n", "mean", "ci_low", "ci_high"])


def generation(export: Export, sample: Sample) -> pd.DataFrame:
    """Arm: texts shown, their length in tokens, and how long they took to write."""
    texts = export.tables["texts"]
    texts = texts[texts["participant"].isin(sample.analysed)]
    rows = []
    for arm in (arm.name for arm in export.protocol.arms):
        own = texts[texts["arm"] == arm]
        tokens = own["tokens"].to_numpy(dtype=np.float64)
        seconds = own["latency_s"].to_numpy(dtype=np.float64)
        if own.empty:
            rows.append((arm, 0, *[None] * 4))
            continue
        quantiles = (float(np.quantile(seconds, q)) for q in (0.5, 0.95))
        lengths = (float(tokens.mean()), float(tokens.std()))
        rows.append((arm, len(own), *lengths, *quantiles))
    names = ["arm", "texts", "tokens_mean", "tokens_sd", "seconds_median", "seconds_p95"]
    return frame(rows, names)


def deviation_counts(export: Export) -> pd.DataFrame:
    """Deviations by kind: how many, in how many participants."""
    log = export.tables["deviations"]
    rows = [
        (kind, len(group), group["participant"].replace("", None).nunique())
        for kind, group in log.groupby("kind")
    ]
    return frame(rows, ["kind", "count", "participants"])


def comment_counts(export: Export, sample: Sample) -> pd.DataFrame:
    """Round: how many analysed participants commented, and the median length in words."""
    comments = export.tables["comments"]
    own = comments[comments["participant"].isin(sample.analysed)]
    words = own["comment"].map(lambda comment: len(str(comment).split()))
    rows = []
    for number in range(1, export.protocol.rounds + 1):
        here = words[own["round"] == number]
        rows.append((number, len(here), float(here.median()) if len(here) else None))
    return frame(rows, ["round", "comments", "median_words"])
