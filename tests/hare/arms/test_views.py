"""The views: what they draw is what the arm handed out, and what it has not they refuse by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from hare.arms import Arm, Diagnostics, Request, UserState, views
from hare.arms.fake import FakeArm
from hare.arms.hare_arm import HareArm
from hare.data.skills import format_skill
from hare.errors import InputError, SettingsError, StateError
from hare.synthesis.resources import Resources
from hare.utils.plots import TEMPLATE

QUERY = "Help me set up a plan for the week."


@pytest.fixture(scope="module")
def arm(tiny_arms: Mapping[str, Arm]) -> HareArm:
    found = tiny_arms["hare"]
    assert isinstance(found, HareArm)
    return found


@pytest.fixture(scope="module")
def states(arm: HareArm) -> list[UserState]:
    """A user before the first and after each of three ratings."""
    path = [arm.initial_state()]
    for reward in (1.0, 0.0, 0.75):
        shown = arm.recommend([Request(QUERY, path[-1], seed=len(path))])[0]
        path.append(arm.learn(path[-1], shown, reward))
    return path


@pytest.fixture(scope="module")
def path(arm: HareArm, states: list[UserState]) -> list[Diagnostics]:
    return [arm.diagnostics(s, arm.attend(Request(QUERY, s, 1))) for s in states]


def traces(figure: go.Figure, kind: str) -> list[dict[str, Any]]:
    return [trace for trace in figure.to_dict()["data"] if trace["type"] == kind]


def test_attention_is_shown_by_group_and_by_item_from_most_to_least() -> None:
    titles, groups = ["one", "two", "three", "four"], ["b", "a", "b", "b"]
    figure = views.attention_over_pool([0.1, 0.6, 0.2, 0.1], titles, groups, top=2)
    by_group, by_item = traces(figure, "bar")
    assert list(by_group["y"]) == ["a", "b"]
    np.testing.assert_allclose(by_group["x"], [0.6, 0.4])
    np.testing.assert_allclose(by_item["x"], [0.6, 0.2])
    assert [name.split("<br>")[0] for name in by_item["customdata"]] == ["two", "three"]
    (share,) = traces(figure, "scatter")
    np.testing.assert_allclose(share["x"], [0.25, 0.75])


def test_the_weights_of_an_arm_are_averaged_over_its_heads(
    arm: HareArm, states: list[UserState], tiny_resources: Resources
) -> None:
    pool = tiny_resources.trained.pool
    weights = arm.attend(Request(QUERY, states[-1], 1)).weights[0]
    figure = views.attention_over_pool(weights, [s.title for s in pool.skills], pool.clusters)
    by_group, by_item = traces(figure, "bar")
    assert sum(by_group["x"]) == pytest.approx(1, abs=1e-4)
    assert len(by_group["y"]) == pool.clusters.max() + 1
    assert by_item["x"][0] == pytest.approx(float(weights.mean(0).max()))


def test_attention_that_does_not_fit_the_pool_is_refused() -> None:
    for weights, word in (
        ([0.5, 0.6], "sum to 1"),
        ([1.5, -0.5], ">= 0"),
        ([float("nan"), 1.0], "finite"),
        ([[[1.0]]], "weights"),
        ([1.0], "titles"),
    ):
        with pytest.raises(InputError, match=word):
            views.attention_over_pool(weights, ["a", "b"], [0, 1])
    with pytest.raises(SettingsError, match="top"):
        views.attention_over_pool([0.5, 0.5], ["a", "b"], [0, 1], top=0)


def test_attention_by_round_has_a_column_a_round_and_a_row_a_cluster(
    path: list[Diagnostics],
) -> None:
    (heat,) = traces(views.attention_by_round(path), "heatmap")
    expected = np.array([d.cluster_weights for d in path]).T
    np.testing.assert_allclose(np.array(heat["z"]), expected)
    assert list(heat["x"]) == [1, 2, 3, 4]
    with pytest.raises(InputError, match="names"):
        views.attention_by_round(path, ["only one"])
    with pytest.raises(InputError, match="clusters"):
        views.attention_by_round([Diagnostics()])


def test_uncertainty_is_a_line_a_user(path: list[Diagnostics]) -> None:
    one, two = traces(views.uncertainty({"a": path, "b": path[:2]}), "scatter")
    assert list(one["y"]) == [d.uncertainty for d in path]
    assert list(two["x"]) == [1, 2]
    assert one["line"]["dash"] != two["line"]["dash"]
    assert one["line"]["color"] != two["line"]["color"]
    with pytest.raises(InputError, match="uncertainty"):
        views.uncertainty([Diagnostics(entropy=1.0)])


def test_the_entropies_enclose_the_mutual_information(path: list[Diagnostics]) -> None:
    known, uncertain = traces(views.entropies(path), "scatter")
    assert list(uncertain["y"]) == [d.entropy for d in path]
    assert list(known["y"]) == [d.expected_entropy for d in path]
    for high, low, diagnostic in zip(uncertain["y"], known["y"], path, strict=True):
        assert high - low == pytest.approx(diagnostic.mutual_information, abs=1e-6)
    assert uncertain["fill"] == "tonexty"
    assert "fill" not in known


def test_entropies_of_several_users_stand_in_panels_with_one_legend(
    path: list[Diagnostics],
) -> None:
    drawn = traces(views.entropies({"a": path, "b": path, "c": []}), "scatter")
    assert len({trace["xaxis"] for trace in drawn}) == 3
    assert [trace["showlegend"] for trace in drawn].count(True) == 2


def test_rounds_can_be_named_and_must_be_as_many(path: list[Diagnostics]) -> None:
    drawn = traces(views.entropies(path, rounds=[2, 3, 5, 8]), "scatter")
    assert list(drawn[0]["x"]) == [2, 3, 5, 8]
    with pytest.raises(InputError, match="rounds"):
        views.entropies(path, rounds=[1])
    for empty in ([], {}, [Diagnostics()]):
        with pytest.raises(InputError, match="entropies"):
            views.entropies(empty)


def test_a_state_is_shown_with_one_deviation_in_each_direction(states: list[UserState]) -> None:
    size = len(states[0].arrays["mean"])
    figure = views.user_state(states)
    lines = [trace for trace in traces(figure, "scatter") if trace["mode"] == "lines+markers"]
    assert len(lines) == size
    assert list(lines[0]["x"]) == [0, 1, 2, 3]
    np.testing.assert_allclose(lines[1]["y"], [s.arrays["mean"][1] for s in states])
    variances = [s.arrays["covariance"][1, 1] for s in states]
    np.testing.assert_allclose(lines[1]["customdata"], np.sqrt(variances))


def test_a_state_can_be_read_by_domain(states: list[UserState], tiny_resources: Resources) -> None:
    skills = [s for s in tiny_resources.trained.pool.skills if s.domain in ("security", "writing")]
    features = np.stack([tiny_resources.features(format_skill(s)) for s in skills])
    directions = views.domain_directions(features, [s.domain for s in skills])
    assert set(directions) == {"security", "writing"}
    counts = [[s.domain for s in skills].count(name) for name in directions]
    balanced = sum(n * d for n, d in zip(counts, directions.values(), strict=True))
    np.testing.assert_allclose(balanced, 0, atol=1e-9)
    figure = views.user_state(states, directions)
    lines = [trace for trace in traces(figure, "scatter") if trace["mode"] == "lines+markers"]
    expected = [directions["writing"] @ s.arrays["mean"] for s in states]
    np.testing.assert_allclose(lines[list(directions).index("writing")]["y"], expected)


def test_states_and_directions_that_cannot_be_shown_are_refused(states: list[UserState]) -> None:
    with pytest.raises(InputError, match="states"):
        views.user_state([])
    with pytest.raises(StateError, match="'fake'"):
        views.user_state([FakeArm().initial_state()])
    with pytest.raises(InputError, match="directions"):
        views.user_state(states, {"north": [1.0]})
    with pytest.raises(InputError, match="features"):
        views.domain_directions(np.ones((3, 4)), ["a"])


def test_every_view_has_the_house_template_and_leaves_its_width_to_the_place(
    path: list[Diagnostics], states: list[UserState]
) -> None:
    for figure in (
        views.attention_over_pool([0.5, 0.5], ["a", "b"], [0, 1]),
        views.attention_by_round(path),
        views.uncertainty(path),
        views.entropies(path),
        views.user_state(states),
    ):
        layout = figure.to_dict()["layout"]
        assert layout["template"]["layout"]["font"] == TEMPLATE.to_plotly_json()["layout"]["font"]
        assert "width" not in layout
        assert "font" not in layout  # the page's own theme may replace the template
