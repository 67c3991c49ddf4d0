"""The package's public names, and what it must not import."""

from __future__ import annotations

import subprocess
import sys

import analysis


def test_every_exported_name_exists_and_is_listed_once() -> None:
    assert sorted(set(analysis.__all__)) == sorted(analysis.__all__)
    assert all(hasattr(analysis, name) for name in analysis.__all__)


def test_analysis_loads_neither_torch_nor_the_web_nor_a_database() -> None:
    code = (
        "import sys, analysis.__main__\n"
        "print([n for n in ('torch', 'hare', 'streamlit', 'sqlmodel', 'study_app') "
        "if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
