"""What the commands of `python -m study_app` do. Each returns the exit code: 0 when all is well.

What only one of them needs and takes long to import (pandas, the analysis) is imported there.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from study_app import bots as bots_
from study_app import replay as replaying
from study_app.settings import Settings, load_installation, load_settings
from study_app.storage import events, schema
from study_app.storage.engine import Engine, make_engine, shown
from study_app.study import check_systems, open_study
from study_design import load_protocol


def migrate(options: Namespace) -> int:
    """Make the database, or bring it to this program's schema."""
    settings = _settings(options)
    with _engine(settings) as engine:
        before, after = schema.migrate(engine)
    what = "already has" if before == after else "now has"
    print(f"The database {shown(settings.database_url)} {what} schema {after}.")
    return 0


def prepare(options: Namespace) -> int:
    """Everything before the app can start: protocol checked, database, secrets, links."""
    protocol = load_protocol(_settings(options).protocol)
    check_systems(protocol)
    for warning in protocol.warnings():
        print(f"To settle before people take part: {warning}")
    migrate(options)
    return links(options)


def links(options: Namespace) -> int:
    """Print the participants' and the researcher's links."""
    settings = _settings(options)
    installation = load_installation(settings)
    base = settings.base_url.rstrip("/")
    if "base_url" not in settings.model_fields_set and getattr(options, "port", None):
        base = f"http://localhost:{options.port}"
    if installation.password_made:
        password = f"{installation.password}   (made for this installation, kept in"
        password += f" {settings.data_dir / 'installation.json'})"
    else:
        password = "as configured"
    print(f"\n  Participants   {base}/\n  Researcher     {base}/monitor")
    print(f"  Password       {password}\n")
    return 0


def serve(options: Namespace) -> int:
    """Prepare, then start the web app in this process."""
    prepare(options)
    os.environ["HARE_DATABASE_URL"] = _settings(options).database_url
    os.environ["HARE_PROTOCOL"] = str(_settings(options).protocol)
    app = Path(__file__).with_name("app.py")
    command = [sys.executable, "-m", "streamlit", "run", str(app)]
    command += ["--server.port", str(options.port), "--server.headless", "true"]
    sys.stdout.flush()
    os.execv(sys.executable, command)


def bots(options: Namespace) -> int:
    """Let simulated participants complete the study, in a database made if need be."""
    settings = _settings(options)
    raters = bots_.population(options.participants, options.seed)
    with _engine(settings) as engine:
        schema.migrate(engine)
    study = open_study(settings)
    try:
        report = bots_.run_bots(study, raters, seed=options.seed, progress=not options.quiet)
    finally:
        study.close()
    print(
        f"{report.completed} of {len(raters)} simulated participants completed; {report.rounds} "
        f"rounds rated in {report.seconds:.1f} s. Database: {shown(settings.database_url)}"
    )
    return 0 if report.completed == len(raters) else 1


def export(options: Namespace) -> int:
    """Write the export folder."""
    from study_app import exporting

    with _engine(_settings(options)) as engine:
        manifest = exporting.export(engine, options.out, simulated=options.simulated)
    kind = "SIMULATED participants only" if manifest.simulated else "real participants only"
    print(f"{options.out}: {kind}, protocol {manifest.protocol_hash[:12]}…")
    for name, content in manifest.tables.items():
        print(f"  {name:<13}{content['rows']:>8} rows")
    return 0


def verify(options: Namespace) -> int:
    """Check the event log and everything that it covers."""
    with _engine(_settings(options)) as engine:
        schema.check_schema(engine)
        report = events.verify(engine)
    for finding in report.findings:
        print(finding, file=sys.stderr)
    state = "intact" if report.ok else f"{len(report.findings)} findings"
    print(f"Event log: {report.events} events, {report.covered} records covered, {state}.")
    print(f"Head: {report.head}")
    return 0 if report.ok else 1


def replay(options: Namespace) -> int:
    """Recompute every participant's states from the ratings and compare them."""
    with _engine(_settings(options)) as engine:
        report = replaying.replay(
            engine,
            tolerance=options.tolerance,
            regenerate=options.regenerate,
            progress=not options.quiet,
        )
    for finding in report.findings:
        print(finding, file=sys.stderr)
    equal = f"equal within {report.largest:.2g}" if report.largest else "equal bit for bit"
    state = equal if report.ok else f"{len(report.findings)} findings"
    print(f"Replay: {report.participants} participants, {report.states} states, {state}.")
    if options.regenerate:
        share = report.equal_texts / report.texts if report.texts else 1.0
        print(f"Texts written again: {report.equal_texts} of {report.texts} equal ({share:.1%}).")
    return 0 if report.ok else 1


def dry_run(options: Namespace) -> int:
    """The whole study with simulated participants, from a fresh database to the report."""
    from analysis.__main__ import main as analyse

    report, work = options.out, Path(options.work)
    for leftover in work.glob("simulated.sqlite*"):  # of an earlier dry run
        leftover.unlink()
    options.database = f"sqlite:///{work / 'simulated.sqlite'}"
    options.simulated, options.regenerate, options.tolerance = True, False, 0.0
    options.out = str(work / "export")
    for step in (bots, verify, replay, export):
        if code := step(options):
            return code
    return analyse(["report", "--data", options.out, "--out", report, "--simulated"])


def null_studies(options: Namespace) -> int:
    """Whole simulated studies of one system under several labels: the false-positive rates."""
    from study_app import null_studies as nothing

    given = {} if options.protocol is None else {"protocol": Path(options.protocol)}
    plan = nothing.NullStudies(options.studies, options.participants, options.seed, **given)
    found = nothing.run_null_studies(plan, Path(options.json), progress=not options.quiet)
    print(f"{found['studies']} studies of {found['participants']} participants: {options.json}")
    for row in found["families"]:
        share = row["false_positives"]
        print(
            f"  {row['family']:<11} {share['value']:.3f} [{share['low']:.3f}, {share['high']:.3f}]"
        )
    return 0


def _settings(options: Namespace) -> Settings:
    return load_settings(database_url=options.database, protocol=getattr(options, "protocol", None))


@contextmanager
def _engine(settings: Settings) -> Iterator[Engine]:
    engine = make_engine(settings.database_url)
    try:
        yield engine
    finally:
        engine.dispose()
