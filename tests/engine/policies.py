"""Queue policies other than the default one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from palaver.engine.order import ArrivalOrder
from palaver.engine.policy import FirstComeFirstServed
from palaver.engine.sequence import Sequence


class LastComeFirstServed(FirstComeFirstServed):
    """The reverse of the default: the newest first, and the oldest is preempted."""

    def __iter__(self) -> Iterator[Sequence]:
        return reversed(list(super().__iter__()))

    def prefill_order(self, sequences: list[Sequence]) -> Iterable[Sequence]:
        return reversed(sequences)

    def victim(self, running: ArrivalOrder) -> Sequence:
        return next(iter(running))


class Bill(FirstComeFirstServed):
    """The order of arrival; records what each request is charged."""

    def __init__(self) -> None:
        super().__init__()
        self.num_prompt_tokens: dict[int, int] = {}
        self.num_answer_tokens: dict[int, int] = {}

    def charge(self, sequence: Sequence, num_prompt_tokens: int, num_answer_tokens: int) -> None:
        request_id = sequence.request.request_id
        self.num_prompt_tokens.setdefault(request_id, 0)
        self.num_prompt_tokens[request_id] += num_prompt_tokens
        self.num_answer_tokens.setdefault(request_id, 0)
        self.num_answer_tokens[request_id] += num_answer_tokens
