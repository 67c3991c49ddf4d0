"""The export: every table as CSV and Parquet, with protocol, codebook and manifest, or nothing.

Real participants by default; simulated ones only when asked for, and never mixed. The folder is
written beside its place and moved there when it is whole.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pandas as pd
from pandas.api.types import pandas_dtype

from study_app import codebook
from study_app.errors import ExportError
from study_app.fingerprints import code_hash
from study_app.storage import overview, protocols, schema, tables
from study_app.storage.canonical import sha256
from study_app.storage.clock import now
from study_app.storage.engine import Engine, reading
from study_app.study import Study
from study_design import Letters, Protocol

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export holds.

    letters  what the letters of the Williams squares stand for, {"arms": […], "requests": […]};
             null while the study is blinded
    tables   name -> rows, and the SHA-256 of the CSV and of the Parquet
    """

    schema: int
    study: str
    version: int
    created_at: str
    simulated: bool
    protocol_hash: str
    code_hash: str
    database_schema: str
    letters: dict[str, Any] | None
    tables: dict[str, dict[str, Any]]


def export(source: Study | Engine, out_dir: str | Path, *, simulated: bool = False) -> Manifest:
    """Write the export folder; gives its manifest.

    An earlier export in the same place is replaced. ExportError when the folder holds anything
    else, cannot be written, or when there is no participant of the kind asked for.
    """
    engine = source if isinstance(source, Engine) else source.engine
    schema.check_schema(engine)
    target = Path(out_dir).absolute()
    _refuse_other_content(target)
    with reading(engine) as session:
        protocol_hash = tables.latest_protocol(session, simulated=simulated)
        if protocol_hash is None:
            kind, other = ("simulated", "without") if simulated else ("real", "with")
            raise ExportError(
                f"No {kind} participant has taken part in this study yet, so there is nothing to "
                f"export. Name another --database, or export {other} --simulated."
            )
        protocol = protocols.all_protocols(session)[protocol_hash]
        rows = tables.read_tables(session, protocol, simulated=simulated)
        letters = None
        if simulated:
            letters = Letters.in_order(protocol)
        elif overview.is_unblinded(session):
            letters = protocols.letters(session, protocol)
    frames = {
        name: _frame(rows[name], columns) for name, columns in codebook.columns(protocol).items()
    }
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            manifest = _write(draft, protocol, frames, letters, simulated=simulated)
            draft.chmod(0o755)
            _move(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise ExportError(
            f"The export cannot be written to {target} ({error}). Nothing was changed there; free "
            "some space or name another folder with --out."
        ) from error
    return manifest


def _refuse_other_content(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(f"{target} is a file. Name a folder with --out.")
    if any(target.iterdir()) and not (target / MANIFEST).is_file():
        raise ExportError(
            f"{target} holds files that are no export (there is no {MANIFEST}). They are left "
            "alone: name an empty folder, a new one, or an earlier export with --out."
        )


def _frame(rows: list[dict[str, Any]], columns: tuple[codebook.Column, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            # A question may be unanswered, so a row may lack a column.
            column.column: pd.Series([row.get(column.column) for row in rows], dtype=object).astype(
                pandas_dtype(codebook.DTYPES[column.type])
            )
            for column in columns
        }
    )


def _write(
    folder: Path,
    protocol: Protocol,
    frames: dict[str, pd.DataFrame],
    letters: Letters | None,
    *,
    simulated: bool,
) -> Manifest:
    (folder / "protocol.yaml").write_text(protocol.to_yaml(), encoding="utf-8")
    described = [asdict(c) for columns in codebook.columns(protocol).values() for c in columns]
    pd.DataFrame(described).to_csv(folder / "codebook.csv", index=False)
    contents: dict[str, dict[str, Any]] = {}
    for name, frame in frames.items():
        text, parquet = folder / f"{name}.csv", folder / f"{name}.parquet"
        frame.to_csv(text, index=False, lineterminator="\n")
        frame.to_parquet(parquet, index=False)
        contents[name] = {
            "rows": len(frame),
            "sha256": sha256(text.read_bytes()),
            "parquet_sha256": sha256(parquet.read_bytes()),
        }
    manifest = Manifest(
        schema=1,
        study=protocol.study.id,
        version=protocol.study.version,
        created_at=now(),
        simulated=simulated,
        protocol_hash=protocol.hash,
        code_hash=code_hash(),
        database_schema=schema.head_revision(),
        letters=None if letters is None else asdict(letters),
        tables=contents,
    )
    content = json.dumps(asdict(manifest), indent=2) + "\n"
    (folder / MANIFEST).write_text(content, encoding="utf-8")
    return manifest


def _move(draft: Path, target: Path) -> None:
    """Put the new folder in place; the earlier export is gone only when the new one is there."""
    if target.exists() and any(target.iterdir()):
        earlier = draft.with_name(draft.name + ".earlier")
        target.rename(earlier)
        draft.rename(target)
        shutil.rmtree(earlier)
    else:
        draft.rename(target)
