"""Whether the design was kept: which sequence each participant had, and what was shown in it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pandas as pd

from analysis.data.exports import Export
from analysis.data.frames import frame
from analysis.data.sample import Sample
from study_design import Letters, Protocol, draw_schedule, sequence_count
from study_design.williams import order_count


def slot_balance(export: Export, sample: Sample) -> pd.DataFrame:
    """Arm: in how many rated rounds it stood in each slot, and the number if all were equal."""
    protocol, shown = export.protocol, _shown(export, sample)
    counts = shown.groupby(["arm", "slot"]).size()
    equal = len(shown) / len(protocol.slots) ** 2
    rows = [
        (arm, *(int(counts.get((arm, slot), 0)) for slot in protocol.slots), equal)
        for arm in protocol.arm_names
    ]
    return frame(rows, ["arm", *protocol.slots, "if_equal"])


def neighbour_balance(export: Export, sample: Sample) -> pd.DataFrame:
    """Arm × arm to its left: in how many rated rounds, and the number if all were equal."""
    protocol = export.protocol
    shown = _shown(export, sample).sort_values(["participant", "round", "slot"], kind="stable")
    left = shown["arm"].shift()
    same = (shown[["participant", "round"]] == shown[["participant", "round"]].shift()).all(axis=1)
    counts = pd.DataFrame({"arm": shown["arm"][same], "left": left[same]}).value_counts()
    pairs = [(a, b) for a, b in product(protocol.arm_names, repeat=2) if a != b]
    equal = int(same.sum()) / len(pairs)
    rows = [(arm, other, int(counts.get((arm, other), 0)), equal) for arm, other in pairs]
    return frame(rows, ["arm", "left_neighbour", "rounds", "if_equal"])


def sequence_balance(export: Export, sample: Sample) -> pd.DataFrame:
    """Slot order: how many participants consented with it, and how many of them are analysed.

    Sequences with the same remainder by the number of orders begin with the same slot order.
    """
    people = export.tables["participants"]
    orders = order_count(len(export.protocol.arms))
    order = people["sequence"].astype("int64") % orders + 1
    analysed = people["participant"].isin(sample.analysed)
    rows = [
        (k, int((order == k).sum()), int(((order == k) & analysed).sum()), sample.n / orders)
        for k in range(1, orders + 1)
    ]
    return frame(rows, ["order", "consented", "analysed", "if_equal"])


def rounds_as_planned(export: Export, sample: Sample) -> tuple[int | None, int]:
    """How many rated rounds showed the request and the slots that the sequence plans, of how many.

    Slots and requests of a sequence do not depend on the participant's seed. None where the export
    does not disclose what the letters of the squares stand for.
    """
    people = export.tables["participants"].set_index("participant")["sequence"]
    shown = _shown(export, sample)
    sequence = shown["participant"].map(people).astype("int64") % sequence_count(export.protocol)
    letters = export.manifest.letters_of(export.protocol)
    if letters is None:
        return None, len(shown.drop_duplicates(["participant", "round"]))
    plan = _plan(export.protocol, sorted(set(sequence)), letters)
    keys = pd.MultiIndex.from_arrays([sequence, shown["round"].astype("int64"), shown["slot"]])
    planned = plan.reindex(keys)
    kept = (planned["arm"].to_numpy() == shown["arm"].to_numpy()) & (
        planned["request"].to_numpy() == shown["request"].to_numpy()
    )
    rounds = pd.Series(kept).groupby([shown["participant"].to_numpy(), shown["round"].to_numpy()])
    whole = rounds.all()
    return int(whole.sum()), len(whole)


def _plan(protocol: Protocol, sequences: Sequence[int], letters: Letters) -> pd.DataFrame:
    rows = [
        (number, plan.round, slot, arm, plan.request)
        for number in sequences
        for plan in draw_schedule(protocol, sequence=number, seed=0, letters=letters).rounds
        for slot, arm in zip(protocol.slots, plan.order, strict=True)
    ]
    columns = ["sequence", "round", "slot", "arm", "request"]
    return pd.DataFrame(rows, columns=columns).set_index(columns[:3])


def _shown(export: Export, sample: Sample) -> pd.DataFrame:
    """One row a text that an analysed participant rated."""
    ratings = export.tables["ratings"]
    columns = ["participant", "round", "slot", "arm", "request"]
    own = ratings.loc[ratings["participant"].isin(sample.analysed), columns]
    return own.drop_duplicates(["participant", "round", "slot"]).reset_index(drop=True)
