"""The course of a request, over every order of acts: nobody out of turn, nothing after the end."""

from hypothesis import given
from hypothesis import strategies as st

from edms.core.errors import Refused
from edms.records.signatures_states import Act, Course, RequestState, SignatureState, after

ACTS = st.lists(st.tuples(st.sampled_from(list(Act)), st.integers(0, 5)), max_size=12)


@given(st.integers(1, 4), ACTS)
def test_whatever_is_tried(signers: int, acts: list[tuple[Act, int]]) -> None:
    course = Course.begun(signers)
    for act, position in acts:
        before = course
        try:
            course = after(course, act, position)
        except Refused:
            continue
        assert before.request in (RequestState.OPEN, RequestState.COMPLETE)
        if act in (Act.SIGN, Act.DECLINE):
            assert before.signatures[position - 1] is SignatureState.ASKED
        holds(course)


def holds(course: Course) -> None:
    states = course.signatures
    asked = states.count(SignatureState.ASKED)
    assert asked == (1 if course.request is RequestState.OPEN else 0)
    if course.request in (RequestState.COMPLETE, RequestState.SUPERSEDED):
        assert set(states) == {SignatureState.SIGNED}
    signed = [state is SignatureState.SIGNED for state in states]
    assert signed == sorted(signed, reverse=True), "signatures are given in order"
    if course.request is not RequestState.OPEN:
        assert SignatureState.WAITING not in states


def test_all_sign_in_order() -> None:
    course = Course.begun(3)
    for position in (1, 2, 3):
        course = after(course, Act.SIGN, position)
    assert course.request is RequestState.COMPLETE
