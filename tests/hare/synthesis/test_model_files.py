"""A model's directory: what is read back, and how every kind of damage is named."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from small_models import byte_tokenizer, save_plain_model, small_gpt2

from hare.arms import Decoding, Request, ResourceSettings, build_arms
from hare.data.skills import format_skill
from hare.errors import InputError, ModelFilesError, SettingsError
from hare.synthesis import model_files, resources
from hare.synthesis.generator import ConditionedGPT2, Draft
from hare.synthesis.model_files import TrainedModel, load_language_model, load_model, save_model
from hare.synthesis.resources import Resources
from hare.user_state.gaussian import GaussianRatings
from hare.user_state.mixture import MixturePosterior
from hare.user_state.ordinal import OrdinalModel

SHORT = Decoding(max_new_tokens=10, drafts=1)


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_plain_model(tmp_path_factory.mktemp("plain"))


@pytest.fixture
def embedded_is_tiny(
    tiny_model: Path, tiny_resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain models stand beside the embedded pool; here that is the tiny model's."""
    monkeypatch.setattr(model_files, "EMBEDDED", tiny_model)
    # Fitted once: fitting TF-IDF again takes seconds and gives the same.
    monkeypatch.setattr(resources, "load_encoder", lambda *_: tiny_resources.encoder)


def words(trained: TrainedModel) -> list[Draft]:
    assert trained.model.conditioner is not None
    torch.manual_seed(0)
    soft = trained.model.conditioner.soft_tokens(
        torch.randn(2, trained.model.conditioner.condition_norm.normalized_shape[0])
    )
    return trained.model.write(["Request: a\n\n", "Request: b\n\n"], [1, 2], SHORT, soft.detach())


def test_a_model_saved_again_has_the_same_fingerprint_and_writes_the_same(
    tiny_model: Path, tmp_path: Path
) -> None:
    # Read once first: transformers notes in a tokenizer's settings that it was read from a folder.
    save_model(load_model(str(tiny_model)), tmp_path / "first")
    one = load_model(str(tmp_path / "first"))
    fingerprint = save_model(one, tmp_path / "again")
    other = load_model(str(tmp_path / "again"))
    assert fingerprint == one.fingerprint == other.fingerprint
    assert len(fingerprint) == 16
    assert words(one) == words(other)
    assert one.pool.skills == other.pool.skills
    assert (one.pool.embeddings == other.pool.embeddings).all()
    assert (one.pool.clusters == other.pool.clusters).all()
    assert (one.feature_map(one.pool.embeddings) == other.feature_map(one.pool.embeddings)).all()
    assert one.prior.to_state() == other.prior.to_state()
    assert (cutpoints(one) == cutpoints(other)).all()


@pytest.mark.parametrize("tied", [True, False])
def test_weights_that_are_one_are_stored_once(tiny_model: Path, tmp_path: Path, tied: bool) -> None:
    trained = load_model(str(tiny_model))
    lm = trained.model.lm
    if not tied:
        lm.config.tie_word_embeddings = False
        head = cast(torch.nn.Linear, lm.get_output_embeddings())
        head.weight = torch.nn.Parameter(2 * head.weight.detach())
    save_model(trained, tmp_path / "model")
    stored = load_file(tmp_path / "model" / "lm" / "model.safetensors")
    assert ("lm_head.weight" in stored) == (not tied)
    again = load_model(str(tmp_path / "model")).model.lm
    tokens = torch.tensor([[3, 1, 4, 1, 5]])
    torch.testing.assert_close(again(tokens).logits, lm(tokens).logits, atol=1e-3, rtol=1e-3)


def cutpoints(trained: TrainedModel) -> np.ndarray:
    assert isinstance(trained.prior.ratings, OrdinalModel)
    return trained.prior.ratings.cutpoints


def test_the_prior_and_the_feature_map_survive_in_full_precision(
    tiny_model: Path, tmp_path: Path
) -> None:
    trained = load_model(str(tiny_model))
    archetypes = MixturePosterior(
        trained.prior.log_weights,
        trained.prior.means + 1e-9,
        trained.prior.covariances * (1 + 1e-9),
        OrdinalModel(np.array([-1.0, 0.1, 0.3, 2.0 / 3.0])),
    )
    feature_map = dataclasses.replace(
        trained.feature_map, factors=trained.feature_map.factors + 1e-9, scale=1.0 / 3.0
    )
    changed = dataclasses.replace(trained, prior=archetypes, feature_map=feature_map)
    save_model(changed, tmp_path / "model")
    found = load_model(str(tmp_path / "model"))
    assert found.prior.to_state() == archetypes.to_state()
    assert cutpoints(found).tolist() == [-1.0, 0.1, 0.3, 2.0 / 3.0]
    assert found.feature_map.scale == 1.0 / 3.0
    assert (found.feature_map.factors == feature_map.factors).all()
    assert found.fingerprint != trained.fingerprint


def test_a_prior_of_another_rating_model_is_not_saved(tiny_model: Path, tmp_path: Path) -> None:
    trained = load_model(str(tiny_model))
    other = dataclasses.replace(trained.prior, ratings=GaussianRatings(variance=1.0))
    with pytest.raises(ModelFilesError, match="rates by 'gaussian', only 'ordinal' is stored"):
        save_model(dataclasses.replace(trained, prior=other), tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_weights_survive_up_to_half_precision(tiny_model: Path) -> None:
    for name, tensor in load_model(str(tiny_model)).model.state_dict().items():
        assert torch.isfinite(tensor).all(), name
        assert (tensor == tensor.half().float()).all(), name


def test_every_file_but_the_card_is_recorded_with_its_digest(tiny_model: Path) -> None:
    digests = json.loads((tiny_model / "digests.json").read_text())
    assert set(FILES) - {"digests.json"} <= set(digests)
    assert "MODEL_CARD.md" not in digests


def test_the_card_is_for_people_and_no_part_of_the_fingerprint(copy: Path) -> None:
    before = load_model(str(copy)).fingerprint
    (copy / "MODEL_CARD.md").write_text("Other words.")
    assert load_model(str(copy)).fingerprint == before


def test_saving_replaces_a_directory_whole(copy: Path, tiny_model: Path) -> None:
    (copy / "stray.txt").write_text("left over")
    save_model(load_model(str(tiny_model)), copy, card="# New")
    assert not (copy / "stray.txt").exists()
    assert (copy / "MODEL_CARD.md").read_text() == "# New"
    assert not copy.with_name("model.partial").exists()


def test_a_model_without_a_conditioner_is_not_saved_as_one_of_ours(
    tiny_model: Path, tmp_path: Path
) -> None:
    trained = load_model(str(tiny_model))
    bare = dataclasses.replace(
        trained, model=ConditionedGPT2(trained.model.lm, trained.model.tokenizer)
    )
    with pytest.raises(ModelFilesError, match="without a conditioner"):
        save_model(bare, tmp_path / "bare")
    assert not (tmp_path / "bare").exists()


FILES = (
    "config.json",
    "digests.json",
    "conditioner.safetensors",
    "pool.safetensors",
    "pool.jsonl",
    "lm/config.json",
    "lm/model.safetensors",
    "lm/tokenizer.json",
)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ModelFilesError, match=f"{name} is missing"):
        load_model(str(copy))


@pytest.mark.parametrize("name", [n for n in FILES if not n.startswith(("config", "digests"))])
def test_an_altered_byte_is_found_and_its_file_named(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(bytes(data))
    with pytest.raises(ModelFilesError, match=f"{name} was altered: its SHA-256 is"):
        load_model(str(copy))


def test_an_altered_setting_is_found(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "alpha": 7.0}))
    with pytest.raises(ModelFilesError, match=r"config\.json was altered"):
        load_model(str(copy))


@pytest.mark.parametrize("number", [0, 1, 3, None, "2"])
def test_a_directory_of_another_format_is_refused_with_both_numbers(
    copy: Path, number: object
) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "format": number}))
    message = rf"config\.json has format {number!r}.*reads 2: train the model again"
    with pytest.raises(ModelFilesError, match=message):
        load_model(str(copy))


@pytest.mark.parametrize("name", ["config.json", "digests.json"])
@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00"])
def test_json_that_cannot_be_read_is_named(copy: Path, name: str, content: bytes) -> None:
    (copy / name).write_bytes(content)
    with pytest.raises(ModelFilesError, match=f"{name} is not readable as JSON"):
        load_model(str(copy))


def test_a_directory_that_is_no_model_says_how_one_is_written(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match=r"no model directory.*python -m hare train"):
        load_model(str(tmp_path))


@pytest.mark.parametrize("system", ["rag", "gpt2"])
@pytest.mark.usefixtures("embedded_is_tiny")
def test_a_plain_language_model_serves_the_arms_without_a_user(plain: Path, system: str) -> None:
    settings = ResourceSettings(model=str(plain), decoding=SHORT)
    arm = build_arms({"arm": system}, settings)["arm"]
    request = Request("Help me plan.", arm.initial_state(), seed=1)
    one, again = (arm.recommend([request])[0] for _ in range(2))
    assert one.text == again.text
    assert one.text
    assert one.features["text"].shape == (7,)
    assert one.provenance.arm == "arm"


@pytest.mark.usefixtures("embedded_is_tiny")
def test_a_plain_model_is_refused_for_hare_with_the_way_out(plain: Path) -> None:
    with pytest.raises(ModelFilesError, match=f"{plain}.*no conditioner.*python -m hare train"):
        build_arms({"hare": "hare"}, ResourceSettings(model=str(plain)))


@pytest.mark.usefixtures("embedded_is_tiny")
def test_the_fingerprint_of_a_plain_model_follows_its_weights(plain: Path, tmp_path: Path) -> None:
    def fingerprint(folder: Path) -> str:
        arm = build_arms({"a": "gpt2"}, ResourceSettings(model=str(folder), decoding=SHORT))["a"]
        text = arm.recommend([Request("Plan.", arm.initial_state(), 1)])[0]
        return text.provenance.model

    lm = small_gpt2(context=4096)
    lm.transformer.ln_f.bias.data[0] += 0.25
    lm.save_pretrained(tmp_path)
    byte_tokenizer().save_pretrained(tmp_path)
    assert fingerprint(plain) == fingerprint(plain) != fingerprint(tmp_path)


def test_a_name_that_is_no_model_is_refused_by_that_name(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match=r"cannot load a language model from .*nowhere"):
        load_language_model(str(tmp_path / "nowhere"))


def without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def with_truncated_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])


def without_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


@pytest.mark.parametrize("spoil", [without_weights, with_truncated_weights, without_tokenizer])
def test_a_damaged_plain_model_is_refused_by_its_name(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(save_plain_model(tmp_path))
    with pytest.raises(ModelFilesError, match=str(tmp_path)):
        load_language_model(str(tmp_path))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"vocab_size": 300}, r"1 are missing or of another size, the first is .*wte\.weight"),
        ({"n_positions": 99}, r"1 are .* the first is .*wpe\.weight"),
        ({"n_layer": 3}, r"12 are .* the first is .*h\.2\."),
        ({"n_embd": 32}, r"28 are"),
    ],
)
def test_weights_that_do_not_fit_their_configuration_are_refused_by_name(
    tmp_path: Path, change: dict[str, int], named: str
) -> None:
    config = save_plain_model(tmp_path) / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))
    with pytest.raises(ModelFilesError, match=f"{tmp_path}' do not fit its configuration: {named}"):
        load_language_model(str(tmp_path))


def test_the_tokenizer_of_a_larger_vocabulary_is_refused(tmp_path: Path) -> None:
    small_gpt2(vocabulary=100).save_pretrained(tmp_path)
    byte_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ModelFilesError, match=r"has 257 tokens, its model only 100"):
        load_language_model(str(tmp_path))


def test_a_tokenizer_without_an_end_is_refused(tmp_path: Path) -> None:
    small_gpt2().save_pretrained(tmp_path)
    tokenizer = byte_tokenizer()
    tokenizer.eos_token = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelFilesError, match="no end token"):
        load_language_model(str(tmp_path))


def test_an_encoder_that_the_model_was_not_trained_with_is_refused(tiny_model: Path) -> None:
    settings = ResourceSettings(model=str(tiny_model), encoder="minilm")
    with pytest.raises(ModelFilesError, match="trained with the encoder 'tfidf'; with 'minilm'"):
        build_arms({"hare": "hare"}, settings)


@pytest.mark.parametrize("alpha", [-0.1, float("nan"), float("inf")])
def test_a_strength_of_exploration_that_is_negative_or_not_finite_is_refused(alpha: float) -> None:
    with pytest.raises(SettingsError, match="alpha"):
        ResourceSettings(alpha=alpha)


def test_the_nearest_skills_of_a_pool_text_begin_with_itself(tiny_resources: Resources) -> None:
    for index in (0, 57, 200):
        text = format_skill(tiny_resources.trained.pool.skills[index])
        found = tiny_resources.nearest(text, 3)
        assert found[0] == index
        assert len(set(found)) == 3


def test_features_of_a_text_do_not_depend_on_what_was_embedded_before(
    tiny_resources: Resources,
) -> None:
    before = tiny_resources.features("A text of its own.")
    tiny_resources.features("Another text.")
    assert (tiny_resources.features("A text of its own.") == before).all()
    assert np.isfinite(before).all()


def test_a_request_that_does_not_fit_the_context_is_refused_by_length(
    tiny_resources: Resources,
) -> None:
    with pytest.raises(InputError, match="do not fit into the model's context of 1536"):
        tiny_resources.write(["long " * 3000], [1])
