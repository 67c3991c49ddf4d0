"""The model card, filled in from the model's own record and from what was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hare.data.corpus import load_corpus
from hare.experiments.text_page import aims
from hare.synthesis.model_files import TrainedModel


def model_card(trained: TrainedModel, figures: Mapping[str, float]) -> str:
    """The card as Markdown. `figures` come from `python -m hare.experiments text`."""
    config = trained.config
    parameters = sum(p.numel() for p in trained.model.parameters())
    rows = "\n".join(f"| {name} | {value:.3f} |" for name, value in figures.items())
    held = "\n".join(
        f"| {aim} | {value:.3f} | {'met' if met else '**missed**'} |"
        for aim, _, value, met in aims(figures)
    )
    domains, tasks = int(figures["domains"]), int(figures["tasks"])
    out = len(list(load_corpus().cells(held_out=True)))
    return f"""# {config["name"]}

A small conditioned language model of GPT-2's architecture. It is **not** OpenAI's GPT-2 and holds
none of its weights: {config["base"]}.
It recombines sentences that it was taught; it does not write
freely, knows no facts of its own and answers no question outside its {tasks} kinds of work in
{domains} fields. Its tokens are the corpus's phrases and short runs of words.

| | |
|---|---|
| fingerprint | `{trained.fingerprint}` |
| parameters, with the conditioner | {parameters:,} |
| encoder | {config["encoder"]} |
| pool | {len(trained.pool.skills)} skills, {int(trained.pool.clusters.max()) + 1} clusters |
| data | hand-written and composed skills of `hare/data/corpus`, all words our own (Apache-2.0) |
| held out | {out} of {domains * tasks} (domain, task) cells: in neither the pool nor training |
| weights | half precision, safetensors |

## Intended use

The embedded default of the study: it writes the texts of the arms `hare`, `rag` and `gpt2` alike,
so that they differ only in what conditions them. Results with it speak about the method with this
model.

## Measured

Known users ({int(figures["texts"])} texts, half in held-out cells), requests in wordings that
training has not seen, judged by the grammar checker and by TF-IDF classifiers:
`python -m hare.experiments text --model MODEL --card FILE`. `shuffled` pairs each text with
another user's wish; `nats` are per document of the wanted cell; chance is {1 / domains:.2f} for
domain, {1 / tasks:.2f} for task and 0.33 for level. Texts are those that a study would show: the
first sound one of at most the default number of drafts (`first_drafts_accepted`: how many needed
no second).

| aim | measured | |
|---|---|---|
{held}

| figure | value |
|---|---|
{rows}

## Made by

Float rounding differs between machines, so a retrained model has another fingerprint.

{_made_by(config)}
"""


def _made_by(config: Mapping[str, Any]) -> str:
    """Command, remarks and settings, then the same for the model that training started from."""
    build, start = config["build"], config.get("from")
    option = " --start MODEL" if start else ""
    lines = [f"`python -m hare train{option} --out DIR` with these settings."]
    if config.get("remarks"):
        lines.append(config["remarks"])
    lines.append(f"```json\n{json.dumps(build, indent=2, sort_keys=True)}\n```")
    if start:
        lines += [f"MODEL was `{start['fingerprint']}`, made in its turn:", _made_by(start)]
    return "\n\n".join(lines)
