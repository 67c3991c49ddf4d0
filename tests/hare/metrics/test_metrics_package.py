"""The package as a whole: its examples run, and importing it stays light."""

from __future__ import annotations

import doctest
import subprocess
import sys
from importlib import import_module

import pytest

MODULES = (
    "bertscore",
    "diversity",
    "information",
    "likelihood",
    "novelty",
    "personalisation",
    "text",
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_run(name: str) -> None:
    module = import_module(f"hare.metrics.{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_importing_all_metrics_loads_neither_torch_nor_the_libraries_that_score() -> None:
    code = (
        f"import sys, importlib\n"
        f"for name in {MODULES}: importlib.import_module('hare.metrics.' + name)\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'bert_score', 'nltk',"
        " 'sacrebleu', 'matplotlib'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
