"""Reads the Open Bandit Dataset: two logs of one shop, one by chance and one by a learner.

Saito, Aihara, Matsutani, Narita (2020), "Open Bandit Dataset and Pipeline", arXiv:2008.07146. A
folder holds `random/CAMPAIGN.csv` and `bts/CAMPAIGN.csv`; a row is one item shown at one of three
positions, with whether it was clicked and the logging policy's chance of showing it there. `random`
shows every item alike; `bts` is Bernoulli Thompson sampling, whose chances change with time and
do not depend on the user. The data are not part of this project: a folder is always an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hare.errors import InputError

POLICIES = ("random", "bts")
POSITIONS = (1, 2, 3)  # left, centre, right
USER_FEATURES = ("user_feature_0", "user_feature_1", "user_feature_2", "user_feature_3")


@dataclass(frozen=True, eq=False)
class BanditLog:
    """n rows that one policy logged.

    items         (n,) in 0..K-1
    positions     (n,) 1, 2 or 3
    clicks        (n,) 0.0 or 1.0
    propensities  (n,) chance of this item at this position and time, in (0, 1]
    users         (n, 4) the user's anonymised features, as written
    """

    policy: str
    items: NDArray[np.intp]
    positions: NDArray[np.intp]
    clicks: NDArray[np.float64]
    propensities: NDArray[np.float64]
    users: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, eq=False)
class OpenBandit:
    """Both logs of a campaign with K items."""

    random: BanditLog
    bts: BanditLog
    n_items: int


def read_open_bandit(folder: Path, campaign: str = "men") -> OpenBandit:
    """Read both logs. InputError names file, row (the first below the header is 1) and column."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; it should hold random/{campaign}.csv")
    logs = {policy: _read_log(folder, policy, campaign) for policy in POLICIES}
    n_items = 1 + int(max(log.items.max() for log in logs.values()))
    uniform = np.isclose(logs["random"].propensities, 1 / n_items, rtol=1e-4)
    if not uniform.all():
        row = int(np.argmin(uniform))
        raise _wrong(
            folder / "random" / f"{campaign}.csv",
            row,
            "propensity_score",
            logs["random"].propensities[row],
            f"must be 1/{n_items}, as every one of the {n_items} items is shown alike",
        )
    return OpenBandit(logs["random"], logs["bts"], n_items)


def _read_log(folder: Path, policy: str, campaign: str) -> BanditLog:
    file = folder / policy / f"{campaign}.csv"
    wanted = ("item_id", "position", "click", "propensity_score", *USER_FEATURES)
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise InputError(f"{file}: no such file") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: not a CSV table ({error})") from None
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        raise InputError(f"{file}: no column {', '.join(missing)}")
    if table.empty:
        raise InputError(f"{file}: no rows below the header")

    def numbers(
        column: str, fits: Callable[[NDArray[np.float64]], NDArray[np.bool_]], rule: str
    ) -> NDArray[np.float64]:
        values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
        right = np.isfinite(values) & fits(values)
        if not right.all():
            row = int(np.argmin(right))
            raise _wrong(file, row, column, table[column].iloc[row], rule)
        return values

    return BanditLog(
        policy=policy,
        items=numbers(
            "item_id", lambda v: (v >= 0) & (v == np.floor(v)), "must be 0 or a positive integer"
        ).astype(np.intp),
        positions=numbers("position", lambda v: np.isin(v, POSITIONS), "must be 1, 2 or 3").astype(
            np.intp
        ),
        clicks=numbers("click", lambda v: np.isin(v, (0, 1)), "must be 0 or 1"),
        propensities=numbers(
            "propensity_score", lambda v: (v > 0) & (v <= 1), "must lie in (0, 1]"
        ),
        users=table[list(USER_FEATURES)].to_numpy(dtype=object),
    )


def _wrong(file: Path, row: int, column: str, value: object, rule: str) -> InputError:
    return InputError(f"{file}, row {row + 1}, column {column}: {value!r}: {rule}")
