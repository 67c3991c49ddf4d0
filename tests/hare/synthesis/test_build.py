"""From settings to a model directory: our own model, one from a base, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_models import byte_tokenizer, save_plain_model, small_gpt2
from transformers import AutoModelForCausalLM

from hare.__main__ import main
from hare.arms import Decoding, Request, ResourceSettings, build_arms
from hare.errors import InputError, ModelFilesError, SettingsError
from hare.synthesis import build, resources
from hare.synthesis.build import BuildSettings, Material, further, train_model
from hare.synthesis.model_files import load_model
from hare.synthesis.resources import Resources
from hare.synthesis.training import BASE_RATES, TrainingSettings

Settings = Callable[..., BuildSettings]


@pytest.fixture(scope="module")
def based_on(tiny_build: BuildSettings) -> Settings:
    """Settings of a short training from a base model."""

    def settings(base: Path, **training: Any) -> BuildSettings:
        changed = replace(tiny_build.training, **{"steps": 2, **training})
        return replace(tiny_build, name="based", base=str(base), training=changed)

    return settings


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_plain_model(tmp_path_factory.mktemp("base"))


@pytest.mark.parametrize("training", [{"lora": 2}, {"freeze": True}, {}], ids=str)
def test_a_base_model_is_trained_and_saved_as_a_plain_model_directory(
    based_on: Settings,
    tiny_material: Material,
    tiny_resources: Resources,
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    training: dict[str, Any],
) -> None:
    out = tmp_path / "model"
    settings = based_on(base, **training)
    fingerprint = train_model(settings, out, tmp_path / "work", False, tiny_material)
    start = AutoModelForCausalLM.from_pretrained(base).state_dict()
    plain = AutoModelForCausalLM.from_pretrained(out / "lm").state_dict()
    assert {n: t.shape for n, t in plain.items()} == {n: t.shape for n, t in start.items()}
    moved = any(not torch.allclose(plain[n].float(), t, atol=1e-3) for n, t in start.items())
    assert moved == (not training.get("freeze"))
    trained = load_model(str(out))
    assert trained.fingerprint == fingerprint
    assert trained.config["base"] == str(base)
    assert trained.config["build"]["training"]["lora"] == training.get("lora", 0)
    monkeypatch.setattr(resources, "load_encoder", lambda *_: tiny_resources.encoder)
    decoding = Decoding(max_new_tokens=300, drafts=1, structure="forced", accept="well_formed")
    arm = build_arms({"hare": "hare"}, ResourceSettings(model=str(out), decoding=decoding))["hare"]
    answer = arm.recommend([Request("Help me plan.", arm.initial_state(), seed=1)])[0]
    assert answer.provenance.notes == ()
    assert answer.provenance.model == fingerprint


def test_equal_settings_build_equal_models(
    based_on: Settings, tiny_material: Material, tmp_path: Path, base: Path
) -> None:
    settings = based_on(base, lora=2)
    first, second = (
        train_model(settings, tmp_path / name, tmp_path / f"{name}.work", False, tiny_material)
        for name in ("first", "second")
    )
    assert first == second


def test_a_model_trained_further_keeps_its_pool_its_features_and_its_prior(
    tiny_build: BuildSettings,
    tiny_model: Path,
    tiny_resources: Resources,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(build, "load_encoder", lambda *_: tiny_resources.encoder)
    start = load_model(str(tiny_model))
    settings = further(str(tiny_model), seed=9, steps=2)
    assert (settings.name, settings.width, settings.encoder) == ("tiny", 32, "tfidf")
    assert settings.training == replace(tiny_build.training, seed=9, steps=2)
    train_model(settings, tmp_path / "model", tmp_path / "work", progress=False)
    trained = load_model(str(tmp_path / "model"))
    assert trained.pool.skills == start.pool.skills
    np.testing.assert_array_equal(trained.feature_map.weights, start.feature_map.weights)
    np.testing.assert_array_equal(trained.prior.means, start.prior.means)
    assert len(trained.model.tokenizer) == len(start.model.tokenizer)
    before, after = start.model.state_dict(), trained.model.state_dict()
    change = [float((after[n] - t).abs().mean() / t.abs().mean()) for n, t in before.items()]
    assert 0 < np.median(change) < 0.5  # further, and not from the beginning
    assert trained.config["from"]["fingerprint"] == start.fingerprint
    assert trained.config["from"]["build"] == start.config["build"]
    assert trained.config["base"] == start.config["base"]


def test_a_start_that_is_no_model_is_refused_before_anything_is_made(
    tiny_build: BuildSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "prepare", lambda _: pytest.fail("the start was not read first"))
    with pytest.raises(ModelFilesError, match="is no model directory"):
        further(str(tmp_path / "none"))
    with pytest.raises(ModelFilesError, match="is no model directory"):
        train_model(replace(tiny_build, start=str(tmp_path)), tmp_path / "m", tmp_path / "w", False)
    assert not list(tmp_path.iterdir())


def other_vocabulary(folder: Path) -> None:
    small_gpt2(vocabulary=100).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)


def other_weights(folder: Path) -> None:
    config = save_plain_model(folder) / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"vocab_size": 300}))


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (other_vocabulary, "has 257 tokens, its model only 100"),
        (other_weights, r"do not fit its configuration: .*wte\.weight"),
        (lambda folder: None, "cannot load a language model from"),
    ],
)
def test_a_base_of_parts_that_do_not_belong_together_is_refused_before_anything_is_made(
    based_on: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], None],
    named: str,
) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    make(folder)
    monkeypatch.setattr(build, "prepare", lambda _: pytest.fail("the base was not read first"))
    with pytest.raises(ModelFilesError, match=named):
        train_model(based_on(folder), tmp_path / "model", tmp_path / "work", progress=False)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["base"]


def test_a_base_whose_context_is_too_short_is_refused_with_the_numbers(
    based_on: Settings, tiny_material: Material, tmp_path: Path
) -> None:
    short = save_plain_model(tmp_path / "base", context=64)
    with pytest.raises(InputError, match=r"of \d+ tokens does not fit .* context of 64"):
        train_model(based_on(short), tmp_path / "model", tmp_path / "work", False, tiny_material)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("training", [{"lora": 4}, {"freeze": True}])
def test_adapters_and_freezing_need_a_base(training: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"freeze, lora = .*: need a base"):
        BuildSettings(training=TrainingSettings(**training))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[BuildSettings]:
    """The settings that the command line would train with."""
    seen: list[BuildSettings] = []

    def record(settings: BuildSettings, *_: Any) -> str:
        seen.append(settings)
        return "0" * 16

    monkeypatch.setattr(build, "train_model", record)
    return seen


def test_the_command_trains_the_shipped_model_unless_it_is_told_otherwise(
    asked: list[BuildSettings], tmp_path: Path
) -> None:
    assert main(["train", "--out", str(tmp_path / "m")]) == 0
    assert asked == [BuildSettings()]


def test_every_option_of_the_command_reaches_its_setting(
    asked: list[BuildSettings], tmp_path: Path
) -> None:
    command = ["train", "--out", str(tmp_path / "m"), "--steps", "7", "--seed", "3"]
    assert main([*command, "--size", "large", "--prefix-tokens", "9", "--device", "cpu"]) == 0
    training = TrainingSettings(steps=7, seed=3)
    large = BuildSettings(name="hare-large", layers=12, width=512, prefix_tokens=9)
    assert asked.pop() == replace(large, training=training)
    assert main([*command, "--base", "gpt2", "--lora", "8", "--encoder", "tfidf"]) == 0
    adapted = replace(training, lora=8, **BASE_RATES)
    found = asked.pop()
    assert found == BuildSettings("hare on gpt2", "gpt2", encoder="tfidf", training=adapted)
    assert main([*command, "--base", "gpt2", "--freeze", "--name", "mine"]) == 0
    found = asked.pop()
    assert (found.name, found.training.freeze) == ("mine", True)
    assert main([*command, "--start", "embedded"]) == 0
    found = asked.pop()
    assert (found.name, found.start) == ("hare-small", "embedded")
    assert (found.training.steps, found.training.seed) == (7, 3)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--lora", "-1", "--base", "b"], "lora = -1: must be a rank >= 1"),
        (["--lora", "4", "--freeze", "--base", "b"], "must not both be set"),
        (["--lora", "4"], "need a base"),
        (["--freeze"], "need a base"),
        (["--size", "large", "--base", "b"], "size = 'large': must be left out"),
        (["--start", "embedded", "--base", "b"], "start = 'embedded': must be left out"),
        (["--start", "embedded", "--size", "small"], "size = 'small': must be left out"),
        (["--start", "embedded", "--encoder", "tfidf"], "encoder = 'tfidf': must be left out"),
        (["--start", "embedded", "--prefix-tokens", "4"], "prefix-tokens = 4: must be left out"),
        (["--start", "nowhere"], "nowhere is no model directory"),
        (["--prefix-tokens", "0"], "prefix_tokens = 0: must be >= 1"),
        (["--steps", "0"], "must be >= 1"),
        (["--seed", "-1"], "seed = -1: must be >= 0"),
    ],
)
def test_an_option_that_is_wrong_is_refused_by_its_name(
    asked: list[BuildSettings],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    named: str,
) -> None:
    assert main(["train", "--out", str(tmp_path / "m"), *options]) == 1
    assert named in capsys.readouterr().err
    assert not asked


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused(
    asked: list[BuildSettings], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--out", str(tmp_path / "m"), "--device", "cuda"]) == 1
    assert "device = 'cuda': must be 'cpu': torch finds no GPU here" in capsys.readouterr().err
    assert not asked


@pytest.mark.parametrize("options", [["--device", "tpu"], ["--size", "huge"], ["--lora", "few"]])
def test_a_value_that_no_option_takes_is_refused_with_those_it_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--out", str(tmp_path / "m"), *options])
    assert f"argument {options[0]}: invalid" in capsys.readouterr().err


def test_a_folder_of_something_else_is_left_alone(
    asked: list[BuildSettings], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert main(["train", "--out", str(tmp_path)]) == 1
    assert "holds something that is no model of ours" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    assert not asked
