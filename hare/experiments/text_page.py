"""docs/results/texts.md, written from the JSON files of the results folder and nothing else.

No number on the page is typed by hand. `text_notes.md` in the folder, where there is one, is put in
as it is: what people concluded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from hare.errors import InputError
from hare.experiments import divergence_report, five_users_report
from hare.experiments.markdown import image, interval, table
from hare.utils.plots import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, band, panels, style

PAGE = "texts.md"
CHANCE_ROOM = 0.05  # above 1 / domains that still counts as chance, for a few hundred texts
COMMANDS = """```
python -m hare collect --from DIR --out COLLECTED
python -m hare.experiments text --texts 100 --collected COLLECTED/skills.jsonl \\
    --json docs/results/text.json
python -m hare.experiments five-users --json docs/results/five_users.json
python -m hare.experiments divergence --json docs/results/divergence.json
python -m hare.experiments text-curve --raters 36 --json docs/results/text_curve.json
python -m hare.experiments text-ablations --raters 16 --steps 100 \\
    --json docs/results/text_ablations.json
python -m hare.experiments page --only texts --results docs/results
```"""
LINES = {
    "hare": (VERMILION, "solid"),
    "rag": (BLUE, "dash"),
    "gpt2": (GREY, "dot"),
    "hare_no_user": (ORANGE, "dashdot"),
    "best_existing": (GREEN, "longdash"),
    "linucb": (SKY, "longdashdot"),
}


def aims(figures: Mapping[str, float]) -> list[tuple[str, str, float, bool]]:
    """What the shipped model is held to: (aim, key, measured, met)."""
    gap = figures["nats_shuffled"] - figures["nats_conditioned"]
    chance = 1.0 / figures["domains"] + CHANCE_ROOM
    held = [
        ("well-formed >= .98", "well_formed", figures["well_formed"] >= 0.98),
        ("garbled documents <= .05", "garbled_documents", figures["garbled_documents"] <= 0.05),
        ("domain, held-out cells >= .95", "domain_accuracy_heldout", None),
        ("task, held-out cells >= .85", "task_accuracy_heldout", None),
        ("level, held-out cells >= .80", "level_accuracy_heldout", None),
    ]
    least = {"domain": 0.95, "task": 0.85, "level": 0.80}
    rows = [
        (aim, key, figures[key], figures[key] >= least[key.split("_")[0]] if met is None else met)
        for aim, key, met in held
    ]
    shuffled = figures["domain_accuracy_shuffled"]
    rows.append(
        (
            "domain of another user at chance",
            "domain_accuracy_shuffled",
            shuffled,
            shuffled <= chance,
        )
    )
    rows.append(("nats a document, shuffled less conditioned >= 10", "", gap, gap >= 10))
    return rows


def quality_section(figures: Mapping[str, float]) -> str:
    """A as Markdown."""
    held = table(
        ["aim", "measured", ""],
        [
            [aim, f"{value:.3f}", "met" if met else "**missed**"]
            for aim, _, value, met in aims(figures)
        ],
    )
    rows = []
    for prefix, name in (("", "own texts of the wanted cell"), ("real_", "published skills")):
        if f"{prefix}nats_conditioned" in figures:
            for condition in ("conditioned", "unconditioned", "shuffled"):
                keys = ("nats", "ppl", "bits_per_byte")
                values = [figures[f"{prefix}{key}_{condition}"] for key in keys]
                rows.append([name, condition, *(f"{value:.3g}" for value in values)])
    costs = table(["texts", "condition", "nats a document", "perplexity", "bits a byte"], rows)
    judged = table(
        ["classifier", "hand-written skills", "composed, held-out cells"],
        [
            [
                label,
                *(f"{figures[f'judge_{label}_{kind}']:.2f}" for kind in ("written", "composed")),
            ]
            for label in ("domain", "task", "level")
        ],
    )
    accuracy = table(
        ["right", "seen cells", "held-out cells", "another user's wish"],
        [
            [
                label,
                *(
                    f"{figures[f'{label}_accuracy_{w}']:.3f}"
                    for w in ("seen", "heldout", "shuffled")
                ),
            ]
            for label in ("domain", "task", "level")
        ],
    )
    texts, share = int(figures["texts"]), {name: f"{value:.2f}" for name, value in figures.items()}
    return f"""{texts} texts for users whose taste is known, half of them in held-out cells,
requested in wordings that were written without sight of those for training.

{held}

{accuracy}

{costs}

Perplexity is per token of the model's own tokenizer, whose tokens are phrases and runs of words: it
compares with no other model's; bits a byte do. Published skills are not in the language that the
model was taught.

Of first drafts {share["first_drafts_accepted"]} were accepted by the checker; the texts above are
what a study would show, after at most the drafts that the protocol grants every arm.
{share["verbatim_sentences"]} of their lines stand in the pool word for word
({share["verbatim_sentences_composed"]} of the lines of newly composed texts), and
{share["copied_documents"]} of the texts do as a whole. Novelty, which is 1 less the largest cosine
to the pool: {share["novelty"]}. {figures["tokens_per_second"]:.0f} tokens a second in batches of
16, the time of rejected drafts included.

Of ten texts for ten kinds of work, those of a new user are of {figures["domains_new"]:.1f} domains
on average, and those of a known user with one liked domain of {figures["domains_one"]:.1f}. Of
known users with two liked domains {share["both_domains"]} get texts of both.

How often the judges themselves are right about texts whose labels are known:

{judged}"""


def curve_section(found: Mapping[str, Any], folder: Path) -> str:
    """D as Markdown."""
    rounds = sorted({1, (found["rounds"] + 1) // 2, found["rounds"]})
    arms = list(dict.fromkeys(p["arm"] for p in found["points"]))
    by_place = {(p["arm"], p["round"]): p for p in found["points"]}
    rows = []
    for arm in arms:
        own = [by_place[arm, r] for r in rounds]
        cells = [interval(p["rating"], p["rating_ci_low"], p["rating_ci_high"], 2) for p in own]
        last = own[-1]
        rows.append([arm, *cells, f"{last['liked_domain']:.2f}", f"{last['bertscore']:.3f}"])
    head = [
        "arm",
        *(f"rating, round {r}" for r in rounds),
        "liked domain, last",
        "BERTScore-MiniLM, last",
    ]
    middle = f"round {(found['rounds'] + 1) // 2}"
    wanted = [
        middle,
        f"round {found['rounds']}",
        "all rounds",
        "slope a round",
        "held-out cells",
        "seen cells",
    ]
    contrasts = table(
        ["HARE less", *wanted],
        [
            [
                arm,
                *(
                    interval(
                        c["difference"], c["ci_low"], c["ci_high"], 3 if "slope" in what else 2
                    )
                    for what in wanted
                    for c in found["contrasts"]
                    if c["comparator"] == arm and c["what"] == what
                ),
            ]
            for arm in arms
            if arm != "hare"
        ],
    )
    verdicts = table(
        ["hypothesis", "as these raters judge", "because"],
        [[v["hypothesis"], v["verdict"], v["reason"].replace("-", "−")] for v in found["verdicts"]],
    )
    who = f"{found['raters']} simulated raters (seed {found['seed']}), {found['rounds']} rounds"
    return f"""{who}, the same requests and noise for every arm. Their taste is read
off the text by TF-IDF classifiers and the grammar checker; the arms' encoder
plays no part. Ratings are expected means of relevance and personalization, in points, with 95% t
intervals over raters. They are no evidence about people.

{image(folder, "text_curve", "Expected rating by round, an arm a line, with 95% bands")}

{table(head, rows)}

BERTScore-MiniLM compares with one ideal text of the rater's cell; pairs of unrelated ideal texts
score {found["bertscore_baseline"]:.3f}. Its vectors are those of HARE's encoder.

{contrasts}

{verdicts}"""


def ablation_section(found: Mapping[str, Any]) -> str:
    """The ablations as Markdown."""
    parts = []
    if "exploration" in found:
        rows = [
            [
                row["variant"],
                interval(row["rating"], row["rating_ci_low"], row["rating_ci_high"], 2),
                f"{row['last_round']:.2f}",
                interval(row["difference"], row["difference_ci_low"], row["difference_ci_high"], 2),
                f"{row['liked_domain']:.2f}",
            ]
            for row in found["exploration"]
        ]
        head = [
            "exploration",
            "rating, all rounds",
            "last round",
            "less the default",
            "liked domain",
        ]
        parts.append(table(head, rows))
    if "training" in found:
        rows = [
            [
                row["variant"],
                *(f"{row[f'nats_{c}']:.1f}" for c in ("conditioned", "unconditioned", "shuffled")),
            ]
            for row in found["training"]
        ]
        steps = found["training"][0]["steps"]
        head = [f"after {steps} steps", "nats, conditioned", "unconditioned", "shuffled"]
        parts.append(
            "Short trainings from the same language model and a new conditioner; they compare the "
            "variants and say nothing of a full training.\n\n" + table(head, rows)
        )
    return "\n\n".join(parts)


def curve_figure(folder: Path) -> go.Figure:
    """Expected rating by round, an arm a line."""
    found = _read(folder / "text_curve.json")
    figure, cells = panels(
        ["Expected rating, points", "Share of texts of a liked domain"], columns=2
    )
    for arm in dict.fromkeys(p["arm"] for p in found["points"]):
        own = [p for p in found["points"] if p["arm"] == arm]
        at = [p["round"] for p in own]
        colour, dash = LINES.get(arm, (BLACK, "solid"))
        low, high = [p["rating_ci_low"] for p in own], [p["rating_ci_high"] for p in own]
        band(figure, cells[0], at, low, high, colour, arm)
        for cell, key in zip(cells, ("rating", "liked_domain"), strict=True):
            figure.add_scatter(
                x=at,
                y=[p[key] for p in own],
                mode="lines",
                line={"color": colour, "dash": dash},
                name=arm,
                legendgroup=arm,
                showlegend=key == "rating",
                row=cell[0],
                col=cell[1],
            )
    figure.update_xaxes(title_text="round")
    return style(figure, "Simulated raters by round", 420, 420)


_SECTIONS: tuple[tuple[str, str, Callable[[Any, Path], str]], ...] = (
    (
        "text.json",
        "A. Does the decoder write what its condition says?",
        lambda f, _: quality_section(f),
    ),
    ("divergence.json", "B. Do users get different texts?", divergence_report.section),
    ("five_users.json", "C. Five users, one request", five_users_report.section),
    ("text_curve.json", "D. Ten rounds with simulated raters", curve_section),
    ("text_ablations.json", "Ablations", lambda f, _: ablation_section(f)),
)


FIGURES: dict[str, Callable[[Path], go.Figure]] = {
    divergence_report.FIGURE: divergence_report.draw_map,
    five_users_report.FIGURE: five_users_report.draw_attention,
    "text_curve": curve_figure,
}


def write_page(folder: Path) -> Path:
    """Write the page into the folder that it is made from."""
    sections = [
        "# Texts: what was measured\n\nGenerated by `python -m hare.experiments page` from the "
        f"JSON files beside it; do not edit. Made with\n\n{COMMANDS}"
    ]
    notes = folder / "text_notes.md"
    if notes.is_file():
        sections.append(notes.read_text("utf-8"))
    for file, title, section in _SECTIONS:
        path = folder / file
        body = (
            section(_read(path), folder)
            if path.is_file()
            else f"Not measured yet: `{file}` is missing."
        )
        sections.append(f"## {title}\n\n{body}")
    page = folder / PAGE
    page.write_text("\n\n".join(part.strip() for part in sections) + "\n", "utf-8")
    return page


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from error
