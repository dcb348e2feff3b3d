"""The talker's output: frames of codes, made while the answer is written (spec row S11).

The talker's input is the conversation of the thinker (the language model): projected embeddings of
text tokens, and projected hidden states of images, video and audio in place of their tokens. It
makes one code for each frame; the code predictor adds those of the other groups. The next input is
the sum of the embeddings of the frame's codes and of the next text token.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from palaver.runtime.talker import Rows, Talker

_NUM_SUPPRESSED = 1024
_NUM_LEADING = 3
"""Tokens of ``<|im_start|>assistant`` and the line's end, which are not spoken."""
_NUM_PADS = 4
_NUM_AXES = 3


@dataclass(frozen=True, slots=True)
class Conversation:
    """The thinker's prompt.

    Attributes:
        token_ids: The prompt, N tokens.
        rope_ids: ``int64[3, N]``, time, row and column of each; ``None`` for text, where all three
            are the token's position.
        media: Indices of the tokens that stand for media, in order.
        hidden_states: ``float32[M, hidden size]``, the thinker's hidden states of those M tokens.
    """

    token_ids: Sequence[int]
    rope_ids: NDArray[np.int64] | None = None
    media: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    hidden_states: Rows = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))


class Utterance:
    """Turns one answer into frames while it is written.

    Args:
        talker: The talker's models.
        conversation: The prompt of the answer.
        voice: The voice's name in ``talker_config.speaker_id``.

    Attributes:
        is_ended: Whether the talker has ended, so that there are no further frames.
    """

    def __init__(self, talker: Talker, conversation: Conversation, voice: str) -> None:
        self.is_ended = False
        self._talker = talker
        self._config = talker.config["talker_config"]
        named = [talker.config[f"tts_{name}_token_id"] for name in ("bos", "eos", "pad")]
        self._bos, self._end, self._pad = talker.text(named)[:, None]
        self._model, self._predictor = talker.stateful("talker"), talker.stateful("code_predictor")
        self._conversation = conversation
        self._next_position = 0
        self._voice = voice
        self._text: deque[Rows] = deque()
        self._total: Rows | None = None
        self._is_whole = False

    def feed(self, token_ids: Sequence[int]) -> None:
        """Take more of the answer."""
        if token_ids:
            self._text.extend(self._talker.text(token_ids)[:, None])

    def finish(self) -> None:
        """Mark the answer as complete; an empty one has no frames."""
        self._is_whole = True
        self.is_ended = self._total is None and not self._text
        self._text.append(self._end)

    def next_frame(self) -> list[int] | None:
        """The next frame; ``None`` if it needs more of the answer, or if the talker has ended."""
        if self.is_ended or (inputs := self._next_input()) is None:
            return None
        rows, rope_ids = inputs
        found = self._model(rows, rope_ids=rope_ids)
        num_codes = self._config["text_config"]["vocab_size"]
        is_allowed = np.arange(num_codes) < num_codes - _NUM_SUPPRESSED
        is_allowed[end := self._config["codec_eos_token_id"]] = True
        first = int(np.where(is_allowed, found["logits"][0, -1], -np.inf).argmax())
        if first == end:
            self.is_ended = True
            return None
        codes, self._total = self._groups(first, found["hidden_states"][0, -1:])
        return codes

    def _next_input(self) -> tuple[Rows, NDArray[np.int64]] | None:
        """The talker's next input and its positions: one token of the answer for each frame."""
        if not self._text:
            if self._total is None or not self._is_whole:
                return None
            text = self._pad
        else:
            text = self._text.popleft()
        if self._total is None:
            return self._opening(text)
        return self._total + text, self._next_positions(1)

    def _opening(self, first: Rows) -> tuple[Rows, NDArray[np.int64]]:
        """The input before the first frame: users' messages and the beginning of the answer."""
        config, token_ids = self._talker.config, self._conversation.token_ids
        starts = [i for i, token in enumerate(token_ids) if token == config["im_start_token_id"]]
        parts: list[Rows] = []
        positions: list[NDArray[np.int64]] = []
        for begin, stop in pairwise([*starts, len(token_ids)]):
            role = token_ids[begin + 1]
            if role == config["user_token_id"]:
                parts.append(self._user_rows(begin, stop))
                positions.append(self._user_positions(begin, stop))
            elif role == config["assistant_token_id"] and stop == len(token_ids):
                parts.append(self._answer_opening(self._talker.text(token_ids[begin:stop]), first))
                positions.append(self._next_positions(len(parts[-1])))
        return np.concatenate(parts), np.concatenate(positions, axis=2)

    def _user_rows(self, begin: int, stop: int) -> Rows:
        """The input for a user's message: text, and hidden states of media in place of tokens."""
        conversation = self._conversation
        rows = self._talker.text(conversation.token_ids[begin:stop])
        first, last = np.searchsorted(conversation.media, [begin, stop])
        if first < last:
            hidden_states = np.ascontiguousarray(conversation.hidden_states[first:last])
            rows[conversation.media[first:last] - begin] = self._talker.hidden(hidden_states)
        return rows

    def _user_positions(self, begin: int, stop: int) -> NDArray[np.int64]:
        """Positions of a user's message, shifted, since the talker skips other messages."""
        if self._conversation.rope_ids is None:
            return self._next_positions(stop - begin)
        known = self._conversation.rope_ids[:, None, begin:stop]
        positions: NDArray[np.int64] = known - known[:, :, :1] + self._next_position
        self._next_position = int(positions.max()) + 1
        return positions

    def _next_positions(self, num: int) -> NDArray[np.int64]:
        """``int64[3, 1, num]``: the next positions of text."""
        begin, self._next_position = self._next_position, self._next_position + num
        return np.tile(np.arange(begin, begin + num), (_NUM_AXES, 1, 1))

    def _answer_opening(self, text: Rows, first: Rows) -> Rows:
        leading, written = text[:_NUM_LEADING], text[_NUM_LEADING:]
        spoken = np.concatenate([written, first])
        self._text.extendleft(spoken[:0:-1, None])
        pads = np.repeat(self._pad, _NUM_PADS, 0)
        codec = self._talker.codec(self._talker.opening(self._voice))
        beside = np.concatenate([np.zeros_like(leading), codec])
        opening: Rows = np.concatenate([leading, pads, self._bos, spoken[:1]]) + beside
        return opening

    def _groups(self, first: int, hidden: Rows) -> tuple[list[int], Rows]:
        """A frame's codes, and the sum of their embeddings."""
        codes, total = [first], self._talker.codec([first])
        self._predictor.reset()
        inputs = np.concatenate([hidden, total])
        for group in range(self._config["num_code_groups"] - 1):
            found = self._predictor(
                inputs,
                step=np.int64(group),
                seed=np.int64(1),
                temperature=np.float32(1),
                top_k=np.int64(1),
            )
            codes.append(int(found["code"].ravel()[0]))
            inputs = found["token_embed"][0]
            total = total + inputs
        return codes, total
