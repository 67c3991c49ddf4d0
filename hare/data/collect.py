"""`python -m hare collect --from SOURCE --out DIR`: published skills and prompts, fit to use.

Read (`opening`, `sources`), know where it comes from (`provenance`), screen (`validate`), drop
what is there twice (`deduplicate`), write. DIR then holds

    skills.jsonl     what is kept, one record a line, with its provenance
    rejected.jsonl   everything else, with the reason and the words it rests on
    report.md        the table that is printed

All of it or nothing: the folder appears when it is complete. Nothing is fetched that was not asked
for, and nothing that a source says is run.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from hare.data.deduplicate import find_twins
from hare.data.hidden_characters import visible
from hare.data.opening import open_source
from hare.data.provenance import Origins
from hare.data.reading import decode
from hare.data.records import Provenance, Record, Refusal, SourceTree, record_as_json, skill_of
from hare.data.sources import records_in
from hare.data.validate import REASONS, Objection, ValidationSettings, validate
from hare.errors import InputError, SettingsError

ALL_REASONS = (*REASONS, "duplicate", "near_duplicate")


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """How strict a collection is.

    validation   what one text may be
    likeness     least Jaccard index of five-word runs of near duplicates, in (0, 1)
    """

    validation: ValidationSettings = field(default_factory=ValidationSettings)
    likeness: float = 0.75

    def __post_init__(self) -> None:
        if not 0 < self.likeness < 1:
            raise SettingsError("likeness", self.likeness, "must lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that is not kept, and every objection to it; the first one counts in tables."""

    record: Record
    objections: tuple[Objection, ...]

    @property
    def reason(self) -> str:
        return self.objections[0].reason


@dataclass(frozen=True, slots=True)
class Collection:
    """What came of a collection. `refused` are files that gave no record, `ignored` others."""

    kept: tuple[Record, ...]
    rejected: tuple[Rejected, ...]
    refused: tuple[Refusal, ...]
    ignored: int


def collect(sources: Sequence[str], settings: CollectSettings | None = None) -> Collection:
    """Collect from folders, files, archives and git URLs, in this order.

    Raises InputError for a source that cannot be opened, or when none holds a single record.
    """
    settings = settings or CollectSettings()
    records: list[Record] = []
    refused: list[Refusal] = []
    ignored = 0
    for where in sources:
        tree = open_source(where)
        refused += tree.refused
        ignored += tree.ignored
        found, unread = _read(tree)
        records += found
        refused += unread
    if not records:
        raise InputError(f"from = {', '.join(sources)}: no skill or prompt of a known form in it")
    fit: list[Record] = []
    rejected: list[Rejected] = []
    for record in records:
        if objections := validate(record, settings.validation):
            rejected.append(Rejected(record, objections))
        else:
            fit.append(record)
    twins = {t.index: t for t in find_twins([record.body for record in fit], settings.likeness)}
    for k, twin in twins.items():
        first = fit[twin.of]
        where = " ".join(filter(None, (first.provenance.path, first.provenance.place)))
        reason = "duplicate" if twin.exact else "near_duplicate"
        likeness = f"{twin.likeness:.2f} of {first.id}: {where}"
        rejected.append(Rejected(fit[k], (Objection(reason, likeness, visible(first.title)),)))
    kept = tuple(record for k, record in enumerate(fit) if k not in twins)
    return Collection(kept, tuple(rejected), tuple(refused), ignored)


def write(collection: Collection, out: Path) -> None:
    """Write the three files into a new folder, all of them or none.

    Raises InputError when the folder is there already and not empty.
    """
    check_out(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        work.chmod(0o755)
        with (work / "skills.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(record_as_json(record) + "\n" for record in collection.kept)
        with (work / "rejected.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in _rejections(collection))
        (work / "report.md").write_text(report(collection), "utf-8")
        work.replace(out)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def check_out(out: Path) -> None:
    """Refuse a folder that `write` would have to overwrite."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"out = {str(out)!r}: must be a new or empty folder")


def report(collection: Collection) -> str:
    """Tables in markdown: by repository and reason, by licence, and what could not be read."""
    rows: dict[str, Counter[str]] = {}
    for record in collection.kept:
        rows.setdefault(_home(record), Counter())["kept"] += 1
    for rejected in collection.rejected:
        rows.setdefault(_home(rejected.record), Counter())[rejected.reason] += 1
    total: Counter[str] = sum(rows.values(), Counter())
    columns = ["kept", *(reason for reason in ALL_REASONS if total[reason])]
    table: list[Sequence[object]] = [("from", "records", *columns)]
    for home in sorted(rows, key=str.lower):
        table.append((home, rows[home].total(), *(rows[home][c] for c in columns)))
    table.append(("**all**", total.total(), *(total[c] for c in columns)))
    licences = Counter(record.provenance.licence for record in collection.kept)
    lines = [
        "# Collected skills",
        "",
        *_table(table),
        "",
        f"{total['kept']:,} of {total.total():,} records kept. {_one_page(collection):,} of them "
        "hold every section of a one-page skill.",
        "",
        *_table([("licence of what is kept", "records"), *licences.most_common()]),
        "",
        f"{len(collection.refused)} files or parts of files could not be read; "
        f"{collection.ignored} are of other kinds.",
        *(f"- `{visible(r.path)}`: {r.reason}, {visible(r.detail)}" for r in collection.refused),
    ]
    return "\n".join(lines) + "\n"


def _read(tree: SourceTree) -> tuple[list[Record], list[Refusal]]:
    origins = Origins(tree)
    records: list[Record] = []
    refused: list[Refusal] = []
    for file in tree.files:
        try:
            text, notes = decode(file.data)
        except InputError as error:
            refused.append(Refusal(str(file.path), "encoding", str(error)))
            continue
        for entry in records_in(file.path, text, notes):
            if isinstance(entry, Refusal):
                refused.append(entry)
            else:
                records.append(replace(entry, provenance=origins.complete(entry.provenance)))
    return records, refused


def _rejections(collection: Collection) -> list[str]:
    lines: list[str] = []
    for rejected in collection.rejected:
        record, (first, *others) = rejected.record, rejected.objections
        values = {"id": record.id, **asdict(first), "also": [o.reason for o in others]}
        values |= {"kind": record.kind, "title": visible(record.title)}
        lines.append(json.dumps(values | {"provenance": asdict(record.provenance)}))
    for refusal in collection.refused:
        values = {"id": "", "reason": refusal.reason, "detail": refusal.detail, "excerpt": ""}
        values |= {"also": [], "kind": "file", "title": ""}
        lines.append(json.dumps(values | {"provenance": asdict(Provenance(path=refusal.path))}))
    return lines


def _home(record: Record) -> str:
    return record.provenance.repository.removeprefix("https://") or record.provenance.source


def _one_page(collection: Collection) -> int:
    count = 0
    for record in collection.kept:
        try:
            skill_of(record)
        except InputError:
            continue
        count += 1
    return count


def _table(rows: Sequence[Sequence[object]]) -> list[str]:
    head, *body = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    rule = ["---", *("---:" for _ in head[1:])]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *body)]
