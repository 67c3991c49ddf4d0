"""The package's public names, and what it must not import."""

from __future__ import annotations

import subprocess
import sys

import analysis

# What the analysis plan asks for by name.
PLANNED = {
    "aligned_ranks", "benjamini_hochberg", "bradley_terry", "carry_over", "clustered_gee",
    "clustered_ols", "cohens_dav", "cohens_dz", "emmeans", "friedman", "hedges_gz", "hochberg",
    "holm", "icc", "jzs_bayes_factor", "krippendorff_alpha", "linear_mixed", "ordinal_mixed",
    "paired_t", "pairwise_tests", "period", "permutation_test", "plackett_luce", "power_paired",
    "power_simulated", "power_slopes", "rank_biserial", "rm_anova", "sign_test", "signed_rank",
    "tost",
}  # fmt: skip


def test_every_exported_name_exists_and_is_listed_once() -> None:
    assert len(set(analysis.__all__)) == len(analysis.__all__)
    assert all(hasattr(analysis, name) for name in analysis.__all__)


def test_the_exported_names_are_in_alphabetical_order_classes_first() -> None:
    assert analysis.__all__ == sorted(analysis.__all__)


def test_every_planned_procedure_is_exported() -> None:
    assert set(analysis.__all__) >= PLANNED


def test_every_exported_name_explains_itself() -> None:
    assert [name for name in analysis.__all__ if not getattr(analysis, name).__doc__] == []


def test_analysis_loads_neither_torch_nor_the_web_nor_a_database() -> None:
    code = (
        "import sys, analysis.__main__\n"
        "print([n for n in ('torch', 'hare', 'streamlit', 'sqlmodel', 'study_app') "
        "if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
