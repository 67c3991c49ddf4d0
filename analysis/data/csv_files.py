"""A CSV file as texts: what is no CSV table in UTF-8 separated by commas is said once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.errors import Problem

_OTHER = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_texts(folder: Path, file: str) -> tuple[pd.DataFrame | None, list[Problem]]:
    """The cells of a CSV as texts, or None, and what is wrong with the file."""
    path = folder / file
    if not path.is_file():
        return None, [Problem(file, "is missing")]
    with path.open(encoding="utf-8", errors="replace") as lines:
        header = lines.readline()
    for separator, name in _OTHER.items():
        if separator in header and "," not in header:
            rule = f"is separated by {name}, and must be by commas: was it saved by a spreadsheet?"
            return None, [Problem(file, rule)]
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8"), []
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        return None, [Problem(file, f"is no CSV table in UTF-8 ({error})")]
