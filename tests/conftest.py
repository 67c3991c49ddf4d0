"""What all tests share: how Hypothesis runs, and the marks by which the Makefile chooses tests.

kernels   numbers from torch or numpy: `make test-kernels` runs them on other processors
browser   a real browser: apart from the others, since they wait for a page
slow      several seconds for a test or for its fixture: not in `make test-fast`
postgres  a PostgreSQL server: not in `make test-fast`
"""

from __future__ import annotations

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
    "hare/arms", "hare/experiments", "hare/simulation", "hare/synthesis",
    "hare/test_shipped_model.py", "analysis/test_looks_and_bounds.py",
    "analysis/test_multiplicity.py", "analysis/test_odd_studies.py", "analysis/test_report.py",
    "analysis/test_report_forms.py", "analysis/test_study_quality.py",
    "analysis/test_walkthrough.py", "study_app/test_app_commands.py",
    "study_app/test_app_dry_run.py", "study_app/test_app_two_clients.py",
    "study_app/test_null_studies.py", "study_app/test_replay_on_other_processors.py",
)  # fmt: skip
PILOT_REPORT = {"pilot_findings", "pilot_report", "pilot_files"}

# A busy machine must not fail a property.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests by where they stand, and keep together those that share what is costly."""
    for item in items:
        place = item.path.relative_to(HERE)
        for mark, places in (("kernels", KERNELS), ("browser", BROWSER), ("slow", SLOW)):
            if any(place.is_relative_to(each) for each in places):
                item.add_marker(mark)
        fixtures = set(getattr(item, "fixturenames", ()))
        group = str(place)
        if "postgresql" in item.nodeid or "postgresql" in fixtures:
            item.add_marker("postgres")
            group = "postgres"
        elif fixtures & PILOT_REPORT:
            group = "the pilot's report"
        item.add_marker(pytest.mark.xdist_group(group))
