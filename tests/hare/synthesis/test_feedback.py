"""Feedback: what was liked becomes more probable, near the start, in a model of its own."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hare.__main__ import main
from hare.arms import Arm, Decoding, Request, ResourceSettings, build_arms
from hare.arms.conditions import conditions_of
from hare.arms.hare_arm import HareArm
from hare.data.corpus import Corpus, compose
from hare.data.ratings import Learned, RatedText
from hare.data.skills import format_skill
from hare.errors import InputError, SettingsError
from hare.synthesis import resources
from hare.synthesis.feedback import FeedbackSettings, Rated, advantages, learn_from
from hare.synthesis.generator import ConditionedGPT2
from hare.synthesis.model_files import load_model, save_model
from hare.synthesis.resources import Resources

QUERY = "Help me set up a plan for the week."
FAST = FeedbackSettings(epochs=6, batch=4, learning_rate=3e-3)


@pytest.fixture(scope="module")
def ratings(corpus: Corpus) -> list[RatedText]:
    """Two people who like security and dislike writing, each on a scale of their own."""
    rng = np.random.default_rng(0)
    rated = []
    for person, (low, high) in (("mild", (0.75, 1.0)), ("strict", (0.0, 0.5))):
        history: tuple[Learned, ...] = ()
        for liked in (True, False, True, False):
            domain = "security" if liked else "writing"
            text = format_skill(compose(corpus, domain, "plan", "expert", rng))
            reward = high if liked else low
            rated.append(RatedText(person, QUERY, text, reward, history))
            history = (*history, Learned(text, reward, QUERY))
    return rated


@pytest.fixture(scope="module")
def rated(tiny_resources: Resources, ratings: list[RatedText]) -> list[Rated]:
    return conditions_of(tiny_resources, ratings, progress=False)


def taught(
    start: Resources, rated: Sequence[Rated], settings: FeedbackSettings = FAST
) -> tuple[ConditionedGPT2, Mapping[str, Any]]:
    """The model after feedback, and what its record says."""
    new = learn_from(start.trained, rated, settings, progress=False)
    return new.model, new.config["feedback"][-1]


def difference(one: ConditionedGPT2, other: ConditionedGPT2) -> float:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), min_size=1, max_size=12),
    st.floats(-1, 1),
)
def test_the_advantages_of_each_participant_sum_to_nothing_whatever_their_level(
    given_rewards: list[tuple[str, float]], shift: float
) -> None:
    who, rewards = [p for p, _ in given_rewards], np.array([r for _, r in given_rewards])
    found = advantages(who, list(rewards))
    for person in set(who):
        mine = np.array([p == person for p in who])
        assert found[mine].sum() == pytest.approx(0.0, abs=1e-12)
        moved = advantages(who, list(np.where(mine, rewards + shift, rewards)))
        assert moved == pytest.approx(found, abs=1e-12)


def test_liked_texts_become_more_probable_and_disliked_ones_less(
    tiny_resources: Resources, rated: list[Rated]
) -> None:
    _, record = taught(tiny_resources, rated)
    assert record["gain_above"] > 0.02
    assert record["gain_below"] < -0.02
    assert record["divergence"] > 0


def test_the_opposite_ratings_do_the_opposite(
    tiny_resources: Resources, rated: list[Rated]
) -> None:
    turned = [replace(one, reward=1 - one.reward) for one in rated]
    _, record = taught(tiny_resources, turned)
    # Above the mean are now the texts that were below it before.
    assert record["gain_above"] > 0.02
    assert record["gain_below"] < -0.02


def test_the_divergence_keeps_the_model_near_its_start_when_it_weighs_much(
    tiny_resources: Resources, rated: list[Rated]
) -> None:
    free = taught(tiny_resources, rated, replace(FAST, beta=0.0))[1]
    light = taught(tiny_resources, rated, replace(FAST, beta=1.0))[1]
    heavy = taught(tiny_resources, rated, replace(FAST, beta=100.0))[1]
    assert free["divergence"] > light["divergence"] > heavy["divergence"] >= 0
    assert heavy["divergence"] < free["divergence"] / 10
    assert free["gain_above"] - free["gain_below"] > heavy["gain_above"] - heavy["gain_below"]


@pytest.mark.parametrize("rewards", [[0.3] * 8, [1.0] * 8, [0.9] * 4 + [0.1] * 4])
def test_ratings_that_prefer_nothing_change_nothing(
    tiny_resources: Resources, rated: list[Rated], rewards: list[float]
) -> None:
    flat = [replace(one, reward=reward) for one, reward in zip(rated, rewards, strict=True)]
    model, record = taught(tiny_resources, flat, replace(FAST, learning_rate=0.05))
    assert difference(model, tiny_resources.trained.model) == 0
    assert record["divergence"] == 0


def test_the_model_that_one_starts_from_and_the_attention_stay_as_they_are(
    tiny_resources: Resources, rated: list[Rated]
) -> None:
    before = copy.deepcopy(tiny_resources.trained.model)
    model, _ = taught(tiny_resources, rated)
    assert difference(before, tiny_resources.trained.model) == 0
    assert all(p.requires_grad for p in tiny_resources.trained.model.parameters())
    old = before.state_dict()
    changed = {name for name, t in model.state_dict().items() if not torch.equal(old[name], t)}
    assert {name.split(".")[0] for name in changed} == {"lm", "conditioner"}
    assert any(name.startswith("conditioner.prefix") for name in changed)
    assert not any("attention" in name and name.startswith("conditioner") for name in changed)


def test_equal_seeds_learn_the_same_and_other_seeds_go_another_way(
    tiny_resources: Resources, rated: list[Rated]
) -> None:
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    one = taught(tiny_resources, rated)[0]
    assert torch.rand(1) == expected  # the caller's generator stays as it was
    assert difference(one, taught(tiny_resources, rated)[0]) == 0
    assert difference(one, taught(tiny_resources, rated, replace(FAST, seed=1))[0]) > 0


def test_adapters_learn_too_and_are_merged(tiny_resources: Resources, rated: list[Rated]) -> None:
    model, record = taught(tiny_resources, rated, replace(FAST, lora=2, learning_rate=0.01))
    assert set(model.state_dict()) == set(tiny_resources.trained.model.state_dict())
    assert record["gain_above"] - record["gain_below"] > 0.02
    start = tiny_resources.trained.model.token_embedding.weight
    assert torch.equal(model.token_embedding.weight, start)


def test_a_text_that_does_not_fit_the_context_is_refused_by_its_participant(
    tiny_resources: Resources, rated: list[Rated]
) -> None:
    long = replace(rated[0], participant="patient", text="long " * 2000)
    with pytest.raises(InputError, match=r"'patient', .* does not fit into .* context of 1536"):
        learn_from(tiny_resources.trained, [*rated, long], FAST, progress=False)


def test_no_ratings_are_refused(tiny_resources: Resources) -> None:
    with pytest.raises(InputError, match="at least one rating"):
        learn_from(tiny_resources.trained, [], FAST, progress=False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("beta", -0.1),
        ("beta", float("nan")),
        ("beta", float("inf")),
        ("epochs", 0),
        ("batch", 0),
        ("learning_rate", 0.0),
        ("lora", -1),
        ("seed", -1),
        ("device", "tpu"),
    ],
)
def test_settings_outside_their_range_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=f"{field} = {value!r}: must be"):
        FeedbackSettings(**{field: value})


@pytest.fixture(scope="module")
def arm(tiny_arms: Mapping[str, Arm]) -> HareArm:
    found = tiny_arms["hare"]
    assert isinstance(found, HareArm)
    return found


def test_a_history_gives_the_condition_under_which_the_arm_wrote(
    tiny_resources: Resources, arm: HareArm
) -> None:
    state, history = arm.initial_state(), ()
    for k, reward in enumerate((1.0, 0.0, 0.5)):
        request = Request(f"{QUERY} {k}", state, seed=k)
        text = arm.recommend([request])[0]
        rating = RatedText("p", request.query, text.text, reward, history)
        found = conditions_of(tiny_resources, [rating], progress=False)[0]
        assert found.mean == pytest.approx(state.arrays["mean"], abs=1e-12)
        np.testing.assert_allclose(found.z, arm.attend(request).z[0].numpy(), atol=1e-6)
        state = arm.learn(state, text, reward)
        history = (*history, Learned(text.text, reward, request.query))


def test_a_foreign_text_in_the_history_teaches_about_the_user_alone(
    tiny_resources: Resources, arm: HareArm, ratings: list[RatedText]
) -> None:
    own = ratings[1]
    foreign = replace(own, history=tuple(replace(h, query=None) for h in own.history))
    one, other = conditions_of(tiny_resources, [own, foreign], progress=False)
    assert (one.mean == other.mean).all()
    assert not np.array_equal(one.z, other.z)


def test_a_mean_stands_for_a_user_who_is_known_for_certain(
    tiny_resources: Resources, ratings: list[RatedText]
) -> None:
    mean = (0.5, -0.5, 0.0, 1.0, 0.0, 0.0)
    found = conditions_of(tiny_resources, [replace(ratings[0], mean=mean)], progress=False)[0]
    assert found.mean.tolist() == list(mean)
    with pytest.raises(InputError, match="'mild': the mean has 2 numbers, users of this model hav"):
        conditions_of(tiny_resources, [replace(ratings[0], mean=(0.0, 1.0))], progress=False)


def test_a_text_of_another_model_is_refused_with_both_fingerprints(
    tiny_resources: Resources, ratings: list[RatedText]
) -> None:
    own = tiny_resources.trained.fingerprint
    assert conditions_of(tiny_resources, [replace(ratings[0], model=own)], progress=False)
    with pytest.raises(
        InputError, match=rf"'mild' was written by the model 'abc', this is '{own}'"
    ):
        conditions_of(tiny_resources, [replace(ratings[0], model="abc")], progress=False)


@pytest.fixture
def quick(tiny_resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fitting TF-IDF again for every loaded model takes seconds and gives the same."""
    monkeypatch.setattr(resources, "load_encoder", lambda *_: tiny_resources.encoder)


@pytest.fixture
def lines(tmp_path: Path, ratings: list[RatedText]) -> Path:
    file = tmp_path / "ratings.jsonl"
    records = [
        {
            "participant": r.participant,
            "query": r.query,
            "text": r.text,
            "reward": r.reward,
            "history": [{"text": h.text, "reward": h.reward, "query": h.query} for h in r.history],
        }
        for r in ratings
    ]
    file.write_text("\n".join(map(json.dumps, records)))
    return file


def command(model: Path, lines: Path, out: Path, *more: str) -> list[str]:
    named = ["--model", str(model), "--ratings", str(lines), "--out", str(out)]
    return ["feedback", *named, "--epochs", "1", *more]


@pytest.mark.usefixtures("quick")
def test_the_command_writes_a_model_of_its_own_that_records_where_it_came_from(
    tiny_model: Path, lines: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "taught"
    assert main(command(tiny_model, lines, out, "--seed", "3", "--beta", "0.5")) == 0
    parent, new = load_model(str(tiny_model)), load_model(str(out))
    assert new.fingerprint != parent.fingerprint
    (record,) = new.config["feedback"]
    assert record["parent"] == parent.fingerprint
    assert (record["ratings"], record["participants"]) == (8, 2)
    assert len(record["ratings_sha256"]) == 64
    assert (record["settings"]["seed"], record["settings"]["beta"]) == (3, 0.5)
    assert new.config["name"] == "tiny, after 8 ratings"
    assert new.pool.skills == parent.pool.skills
    said = capsys.readouterr().out
    assert new.fingerprint in said
    assert parent.fingerprint in said
    assert parent.fingerprint in (out / "MODEL_CARD.md").read_text()
    settings = ResourceSettings(model=str(out), decoding=Decoding(max_new_tokens=8, drafts=1))
    arm = build_arms({"hare": "hare"}, settings)["hare"]
    assert arm.recommend([Request(QUERY, arm.initial_state(), 1)])[0].text

    again = tmp_path / "again"
    assert main(command(out, lines, again, "--lora", "2", "--name", "second")) == 0
    second = load_model(str(again))
    assert [entry["parent"] for entry in second.config["feedback"]] == [
        parent.fingerprint,
        new.fingerprint,
    ]
    assert second.config["name"] == "second"


@pytest.mark.usefixtures("quick")
def test_what_is_refused_leaves_nothing_behind(
    tiny_model: Path, lines: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.iterdir())
    out = tmp_path / "taught"

    def refused(*arguments: str, file: Path = lines, model: Path = tiny_model) -> str:
        assert main(command(model, file, out, *arguments)) == 1
        assert sorted(tmp_path.iterdir()) == before
        return capsys.readouterr().err

    assert "beta = -1.0: must be >= 0" in refused("--beta", "-1")
    assert "lora = -2: must be >= 0" in refused("--lora", "-2")
    assert "epochs = 0: must be >= 1" in refused("--epochs", "0")
    assert "nothing.jsonl: cannot be read" in refused(file=tmp_path / "nothing.jsonl")
    assert "cannot load a language model" in refused(model=tmp_path / "nothing")
    bad = lines.read_text().replace('"reward": 1.0', '"reward": 7', 1)
    lines.write_text(bad)
    assert "ratings.jsonl, line 1: reward = 7: must be a number in [0, 1]" in refused()


def test_an_earlier_model_is_not_replaced(
    tiny_model: Path, lines: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(tiny_model, lines, tiny_model)) == 1
    assert "is there already: name a new folder" in capsys.readouterr().err


def test_a_failure_while_writing_leaves_nothing_behind(
    tiny_resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("hare.synthesis.model_files.save_torch", full)
    with pytest.raises(OSError, match="no space left"):
        save_model(tiny_resources.trained, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
