"""What all tests share: how Hypothesis runs, and the marks by which the Makefile chooses tests.

kernels   numbers from torch or numpy: `make test-kernels` runs them on other processors
browser   a real browser: apart from the others, since they wait for a page
slow      several seconds for a test or for its fixture: not in `make test-fast`
postgres  a PostgreSQL server: not in `make test-fast`
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
STATISTICS = (
    "anova", "aligned_ranks", "bayes_factor", "choices", "cumulative_link", "effects",
    "missing_data", "mixed", "multiplicity", "optimum", "ordinal_mixed", "other_statistics",
    "paired_tests", "pairwise_tests", "permutation", "power_simulation", "reliability",
)  # fmt: skip
KERNELS = (
    "hare/arms", "hare/attention", "hare/bandits", "hare/metrics", "hare/simulation",
    "hare/synthesis", "hare/user_state", "hare/utils",
    *(f"analysis/test_{name}.py" for name in STATISTICS),
)  # fmt: skip
BROWSER = ("study_app/browser", "analysis/test_report_page.py")
SLOW = (
    "package", "test_docstrings.py", "hare/arms", "hare/experiments",
    "hare/metrics/test_metrics_bertscore.py", "hare/metrics/test_metrics_package.py",
    "hare/metrics/test_metrics_personalisation.py",
    "hare/simulation", "hare/synthesis", "hare/test_shipped_model.py", "study_app/screens",
    "study_design/test_allocation.py",
    *(
        f"analysis/test_{name}.py"
        for name in (
            "analysis_names", "by_background", "choices", "commands", "confirmatory",
            "evidence", "export_reading", "latex_tables", "looks_and_bounds", "multiplicity",
            "odd_studies", "ordinal_mixed", "report", "report_forms", "robust_errors",
            "slope_power", "study_quality", "walkthrough",
        )
    ),
    *(
        f"study_app/test_{name}.py"
        for name in (
            "app_allocation", "app_commands", "app_dry_run", "app_events", "app_export",
            "app_participants", "app_replay", "app_two_clients", "null_studies",
            "replay_on_other_processors",
        )
    ),
)  # fmt: skip
PILOT_REPORT = {"pilot_findings", "pilot_report", "pilot_files"}

# A busy machine must not fail a property.
settings.register_profile("unhurried", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=15)  # make test-fast asks for it
settings.load_profile("unhurried")


def _stands_in(path: Path, places: Iterable[str]) -> bool:
    return any(path.is_relative_to(HERE / place) for place in places)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what `-m` leaves out: torch and its company take seconds to load."""
    left_out = str(config.getoption("markexpr") or "").split(" and ")
    for mark, places in (("not browser", BROWSER), ("not slow", SLOW)):
        if mark in left_out and _stands_in(collection_path, places):
            return True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests by where they stand, and keep together those that share what is costly."""
    for item in items:
        for mark, places in (("kernels", KERNELS), ("browser", BROWSER), ("slow", SLOW)):
            if _stands_in(item.path, places):
                item.add_marker(mark)
        fixtures = set(getattr(item, "fixturenames", ()))
        group = item.path.name
        if "postgresql" in item.nodeid or "postgresql" in fixtures:
            item.add_marker("postgres")
            group = "postgres"
        elif fixtures & PILOT_REPORT:
            group = "the pilot's report"
        item.add_marker(pytest.mark.xdist_group(group))
