"""What the evidence is made of: it agrees with the library, and shows an analysis that errs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from broken_exports import GOLD

from analysis import InputError, paired_t
from analysis.__main__ import main
from analysis.confirmatory import confirm
from analysis.data.exports import read_export
from analysis.data.study import collect
from analysis.data.synthetic import write_synthetic_export
from analysis.evidence import measure, page
from analysis.evidence.batches import t_tests
from analysis.evidence.errors import under_the_null, with_an_effect
from analysis.evidence.gold import agrees, gold_values
from analysis.evidence.likert import LikertDesign, expected_difference, simulate
from analysis.evidence.looks import look_rows
from analysis.evidence.mixed import NULLS, mixed_rows
from analysis.evidence.null_tally import NullTally
from analysis.evidence.power import power_rows
from analysis.evidence.pseudo import pseudo_rows
from analysis.evidence.rates import rate
from study_design import PILOT, load_protocol


def test_gold_values_are_near_the_published_ones() -> None:
    # the last digits of lme4 (9.6046), clmm and gsDesign are those of their own tolerances
    rows = gold_values(GOLD)
    assert all(row["ours"] is not None for row in rows)
    published = [float(row["published"]) for row in rows]
    assert [row["ours"] for row in rows] == pytest.approx(published, rel=2e-4, abs=5e-3)
    for row in rows:
        if "lme4" not in row["source"] and "ordinal" not in row["source"]:
            assert row["equal"] or "gsDesign" in row["source"], row


def test_a_value_with_another_last_digit_does_not_agree() -> None:
    assert agrees("0.00283289", 0.002832889)
    assert not agrees("0.00283289", 0.002832896)
    assert not agrees("0.00283289", None)


def test_gold_values_without_their_data_are_explained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sleep\.csv is missing"):
        gold_values(tmp_path)


def test_the_t_tests_of_a_batch_are_those_of_the_library() -> None:
    rng = np.random.default_rng(5)
    values = np.rint(rng.normal(0.2, 1.0, (20, 9)) * 10.0) / 10.0
    present = rng.random((20, 9)) < 0.8
    found = t_tests(values, present)
    for row, keep, p, low, high in zip(
        values, present, found.p, found.low, found.high, strict=True
    ):
        result = paired_t(row[keep])
        assert result.p == pytest.approx(p, rel=1e-12)
        assert result.estimate is not None
        assert result.estimate.interval is not None
        assert (result.estimate.interval.low, result.estimate.interval.high) == pytest.approx(
            (low, high), rel=1e-9, abs=1e-12
        )


def test_constant_rows_of_a_batch_reject_nothing_and_have_no_interval() -> None:
    found = t_tests(np.ones((1, 4)), np.ones((1, 4), dtype=bool))
    assert found.p.tolist() == [1.0]
    assert found.covered(1.0) == (0, 0)


@pytest.mark.parametrize("middle", [3.0, 4.4])
def test_the_expected_difference_is_that_of_many_simulated_ratings(middle: float) -> None:
    design = LikertDesign(400, 4, 2, 1, middle=middle, shift=0.4, drift=0.1)
    ratings, _ = simulate(100, design, np.random.default_rng(2))
    by_round = (ratings[..., 0, 0] - ratings[..., 1, 0]).mean(axis=(0, 1))
    # 40,000 differences a round with an SD below 1.6: a standard error below 0.008
    assert by_round == pytest.approx(expected_difference(design), abs=0.03)


def test_participants_as_units_keep_the_level_and_ratings_as_units_do_not() -> None:
    rows = {row["spread"]: row["false_positives"] for row in pseudo_rows(400, seed=3)}
    for shares in rows.values():
        assert shares["20"]["low"] <= 0.05 <= shares["20"]["high"]
    assert rows[0.4]["800"]["low"] > 0.1
    assert rows[0.4]["200"]["low"] > 0.1
    assert rows[0.2]["800"]["low"] > 0.1


def test_alpha_spent_over_two_looks_is_kept_and_alpha_at_each_is_not() -> None:
    found = {row["rule"]: row["false_positives"] for row in look_rows(2_000, seed=5)}
    for rule in ("obrien_fleming", "pocock"):
        assert found[rule]["low"] <= 0.05 <= found[rule]["high"] + 0.005
    assert found["alpha at each look"]["low"] > 0.05


def test_the_confirmatory_procedures_keep_their_level() -> None:
    found = under_the_null(load_protocol(PILOT), LikertDesign(12), 400, np.random.SeedSequence(4))
    false = found["false_positives"]
    assert set(false) == {
        *("t", "slope", "wilcox", "pratt", "sign", "F1", "F2", "F3", "any family"),
    }
    assert all(share["of"] == 400 for share in false.values())
    for name, share in false.items():
        assert share["low"] <= (0.15 if name == "any family" else 0.05), name
    assert false["t"]["high"] >= 0.05
    for share in found["coverage_of_zero"].values():
        assert share["low"] <= 0.95 <= share["high"]
    assert 0.0 < found["zero_differences"] < 0.5
    assert found["analysed"] == pytest.approx(0.9 * 12, abs=0.3)


def test_intervals_cover_a_true_effect_and_not_one_beside_it() -> None:
    design = LikertDesign(shift=0.3, drift=0.04)
    found = with_an_effect(design, 300, 60, np.random.SeedSequence(6))
    for name in ("t", "slope"):
        assert found["coverage"][name]["low"] <= 0.95 <= found["coverage"][name]["high"]
    assert found["coverage"]["d_z"]["of"] == 60
    assert found["coverage"]["d_z"]["high"] > 0.95
    ratings, present = simulate(300, replace(design, drift=0.0), np.random.default_rng(6))
    tested = t_tests((ratings[..., 0, 0] - ratings[..., 1, 0]).mean(axis=2), present)
    assert tested.covered(0.0)[0] < 0.9 * 300


def test_simulated_power_is_near_the_exact_one() -> None:
    rows = power_rows(400, seed=1)
    assert len(rows) == 16
    for row in rows:
        assert row["simulated"] == pytest.approx(row["exact"], abs=0.1)


def test_a_rate_without_trials_is_no_number() -> None:
    assert rate(0, 0)["value"] is None
    with pytest.raises(InputError, match="count = 3, of = 2"):
        rate(3, 2)


def test_the_tally_counts_a_strong_effect_as_rejections(tmp_path: Path) -> None:
    folder = write_synthetic_export(tmp_path / "export", participants=24, seed=1)
    study = collect(read_export(folder))
    families = confirm(study)
    tally = NullTally(study.protocol.analysis.alpha)
    tally.add(families)
    tally.add(families)
    summary = tally.summary()
    assert summary["studies"] == 2
    assert [row["family"] for row in summary["families"]] == ["F1", "F2", "F3", "any family"]
    for row in summary["families"][:3]:
        family = next(f for f in families if f.name == row["family"])
        assert row["false_positives"]["count"] == 2 * any(
            family.rejected(result) for result in family.contrasts
        )
    assert len(summary["tests"]) == 4 * sum(len(f.contrasts) for f in families)
    t = [row for row in summary["tests"] if row["coverage"]["of"]]
    assert len(t) == sum(len(f.contrasts) for f in families)
    for row in t:  # the t interval leaves out zero just when p < .05
        assert row["coverage"]["count"] == 2 - row["false_positives"]["count"]


def test_the_command_writes_numbers_and_page(tmp_path: Path) -> None:
    command = ["evidence", "--out", str(tmp_path), "--gold", str(GOLD), "--repetitions", "10"]
    assert main(command) == 0
    text = (tmp_path / page.PAGE).read_text("utf-8")
    assert "## Gold values" in text
    assert "Not measured yet: there is no run of null studies." in text
    assert "nan" not in text
    measured = json.loads((tmp_path / page.MEASURED).read_text("utf-8"))
    assert measured["repetitions"] == 10
    assert main(["evidence", "--out", str(tmp_path), "--page-only"]) == 0
    assert (tmp_path / page.PAGE).read_text("utf-8") == text


def test_one_measure_anew_keeps_the_rest(tmp_path: Path) -> None:
    first = measure.evidence(tmp_path, gold=GOLD, repetitions=10, seed=5)
    file = tmp_path / page.MEASURED
    changed = first | {"looks": [], "power": first["power"][:1]}
    file.write_text(json.dumps(changed), encoding="utf-8")
    found = measure.evidence(tmp_path, gold=GOLD, repetitions=10, seed=5, only="looks")
    assert found["looks"] == first["looks"]
    assert found["power"] == first["power"][:1]
    assert found["mixed"] == first["mixed"]
    with pytest.raises(InputError, match="has seed 5, not 6"):
        measure.evidence(tmp_path, gold=GOLD, repetitions=10, seed=6, only="looks")
    with pytest.raises(InputError, match="only = 'look': must be one of errors, power"):
        measure.evidence(tmp_path, gold=GOLD, repetitions=10, seed=5, only="look")
    file.write_text(json.dumps({k: v for k, v in first.items() if k != "mixed"}), encoding="utf-8")
    with pytest.raises(InputError, match="has no mixed"):
        measure.evidence(tmp_path, gold=GOLD, repetitions=10, seed=5, only="looks")
    with pytest.raises(InputError, match="is missing: measure everything first"):
        measure.evidence(tmp_path / "new", gold=GOLD, repetitions=10, only="looks")


def test_mixed_models_are_measured_on_every_null() -> None:
    rows = mixed_rows(3, seed=2)
    assert len(rows) == 10
    assert {row["null"] for row in rows} == set(NULLS)
    for row in rows:
        assert row["fitted"] == row["arm"]["of"] == row["arm × round"]["of"] <= row["studies"] == 3


def test_a_page_without_measurements_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", "--out", str(tmp_path), "--page-only"]) == 1
    assert "statistics.json is missing" in capsys.readouterr().err
    with pytest.raises(InputError, match="must be at least 10"):
        measure.evidence(tmp_path, gold=GOLD, repetitions=3)


def test_the_shipped_page_is_what_its_numbers_give() -> None:
    folder = Path(__file__).parents[2] / "docs" / "results"
    assert (folder / page.PAGE).read_text("utf-8") == page.page(folder)
