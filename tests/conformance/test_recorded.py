"""Every recorded request, unary and streamed, through the real server and the built-in model."""

from __future__ import annotations

import httpx
import pytest

from tests.conformance.answers import Answers, send
from tests.conformance.consistency import check_consistency
from tests.conformance.expectations import check
from tests.conformance.recording import Recording, load, parameter

RECORDINGS = load()
COMPLETIONS = [recording for recording in RECORDINGS if recording.is_completion]
REFUSED = [r for r in RECORDINGS if r.expect.status >= 400 and r.request and not r.has_mode]
COMPARED = [r for r in RECORDINGS if r.expect.same_as or r.expect.differs_from]


@pytest.mark.parametrize("recording", [parameter(r) for r in RECORDINGS])
def test_an_answer_matches_its_recording(answers: Answers, recording: Recording) -> None:
    answer = answers.of(recording)
    check(answer, recording.expect)
    check_consistency(recording, answer)


@pytest.mark.parametrize("recording", [parameter(r, "S16", "S45") for r in COMPLETIONS])
def test_a_stream_and_a_unary_answer_are_the_same(
    answers: Answers, client: httpx.Client, recording: Recording
) -> None:
    answer = answers.of(recording)
    other = send(client, recording.the_other_way())
    check_consistency(recording, other)
    has_usage = "usage" in answer.body
    assert other.comparable(has_usage=has_usage) == answer.comparable(has_usage=has_usage)


@pytest.mark.parametrize("recording", [parameter(r) for r in COMPARED])
def test_changes_of_a_request_change_its_answer_only_as_recorded(
    answers: Answers, client: httpx.Client, recording: Recording
) -> None:
    answer = answers.of(recording).comparable()
    for changes in recording.expect.same_as:
        assert send(client, recording.changed(changes)).comparable() == answer, changes
    for changes in recording.expect.differs_from:
        other = send(client, recording.changed(changes))
        assert other.status == recording.expect.status, other.body
        assert other.comparable() != answer, changes


@pytest.mark.parametrize("recording", [parameter(r, "S04") for r in REFUSED])
def test_a_refusal_is_the_same_where_a_stream_is_asked_for(
    answers: Answers, client: httpx.Client, recording: Recording
) -> None:
    other = send(client, recording.changed({"stream": True}))
    assert other.comparable() == answers.of(recording).comparable()


def test_recordings_have_unique_names_and_are_many() -> None:
    assert len({recording.name for recording in RECORDINGS}) == len(RECORDINGS) >= 60


def test_no_recorded_answer_depends_on_chance() -> None:
    requests = [recording.request or {} for recording in COMPLETIONS]
    assert all(r.get("temperature") == 0 or r.get("seed") is not None for r in requests)
