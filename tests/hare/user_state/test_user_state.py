"""The user state as a value: its bytes, its equality, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import save

from hare.errors import StateError
from hare.user_state.state import UserState

floats = st.floats(allow_nan=False, allow_infinity=False, width=64)
names = st.text("abcdefgh_", min_size=1, max_size=8)
states = st.builds(
    UserState,
    kind=st.text(min_size=1, max_size=12),
    rounds=st.integers(0, 10**6),
    arrays=st.dictionaries(
        names, arrays(np.float64, array_shapes(max_dims=3, max_side=4), elements=floats), max_size=4
    ),
)


@given(states)
def test_a_state_comes_back_from_its_bytes_exactly(state: UserState) -> None:
    back = UserState.from_bytes(state.to_bytes())
    assert (back.kind, back.rounds, list(back.arrays)) == (
        state.kind,
        state.rounds,
        list(state.arrays),
    )
    for name, array in state.arrays.items():
        assert back.arrays[name].shape == array.shape
        assert back.arrays[name].tobytes() == array.tobytes()  # minus zero and denormals too


@given(states)
def test_equal_states_have_equal_bytes_whatever_the_order_of_their_arrays(state: UserState) -> None:
    turned = UserState(state.kind, state.rounds, dict(reversed(list(state.arrays.items()))))
    assert turned.to_bytes() == state.to_bytes()
    assert turned == state
    assert hash(turned) == hash(state)


def test_states_that_differ_in_kind_rounds_or_a_number_are_not_equal() -> None:
    state = UserState("ordinal", 1, {"mean": np.zeros(2)})
    assert state != UserState("fake", 1, {"mean": np.zeros(2)})
    assert state != UserState("ordinal", 2, {"mean": np.zeros(2)})
    assert state != UserState("ordinal", 1, {"mean": np.array([0.0, 1e-300])})
    assert state != "ordinal"


def test_empty_histories_keep_their_shape() -> None:
    state = UserState("ordinal", 0, {"features": np.zeros((0, 7))})
    assert UserState.from_bytes(state.to_bytes()).arrays["features"].shape == (0, 7)


def test_the_arrays_are_copies_and_read_only() -> None:
    given_array = np.zeros(3)
    state = UserState("ordinal", 0, {"mean": given_array})
    given_array[0] = 1.0
    assert state.arrays["mean"][0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        state.arrays["mean"][0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        UserState.from_bytes(state.to_bytes()).arrays["mean"][0] = 1.0


@given(st.binary(max_size=200))
def test_garbage_is_refused_as_no_user_state(data: bytes) -> None:
    with pytest.raises(StateError, match=f"these {len(data)} bytes are no user state"):
        UserState.from_bytes(data)


@given(st.data())
def test_a_truncated_state_is_refused(data: st.DataObject) -> None:
    whole = UserState("ordinal", 3, {"mean": np.arange(4.0)}).to_bytes()
    with pytest.raises(StateError, match="no user state"):
        UserState.from_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize(
    "label",
    [None, "[]", "7", "not JSON", '{"kind": "a"}', '{"kind": "", "rounds": 0}', '{"rounds": 0}'],
)
def test_arrays_without_a_proper_label_are_refused(label: str | None) -> None:
    metadata = None if label is None else {"user_state": label}
    with pytest.raises(StateError, match="no user state"):
        UserState.from_bytes(save({"mean": np.zeros(2)}, metadata=metadata))


def test_the_label_of_a_stored_state_can_be_read_by_eye() -> None:
    data = UserState("ordinal", 3).to_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert json.loads(header["__metadata__"]["user_state"]) == {"kind": "ordinal", "rounds": 3}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_by_the_array_s_name(value: float) -> None:
    with pytest.raises(StateError, match=r"array 'mean' .* not finite"):
        UserState("ordinal", 0, {"mean": np.array([0.0, value])})
    stored = save({"mean": np.array([value])}, {"user_state": '{"kind": "ordinal", "rounds": 0}'})
    with pytest.raises(StateError, match="'mean'"):
        UserState.from_bytes(stored)


def test_a_state_needs_a_kind_and_no_negative_number_of_rounds() -> None:
    with pytest.raises(StateError, match="kind"):
        UserState("")
    with pytest.raises(StateError, match="rounds = -1"):
        UserState("ordinal", -1)
