"""What a talker says: frames of codes, made while the answer is being written (spec row S11).

A talker reads what the thinker read and wrote, as projected text embeddings, in whose place it gets
what the thinker made of images, video and audio. It makes one code a frame; the code predictor
adds the other groups. The next input is the sum of the frame's embeddings and the next text token.
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
    """What the thinker has read.

    Attributes:
        token_ids: The prompt, N tokens.
        rope_ids: ``int64[3, N]``, time, row and column of each; ``None`` for text, where each
            token's place is all three.
        media: Which tokens stand for media, in order.
        hidden_states: ``float32[M, hidden size]``, what the thinker made of those M tokens.
    """

    token_ids: Sequence[int]
    rope_ids: NDArray[np.int64] | None = None
    media: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    hidden_states: Rows = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))


class Utterance:
    """One answer on its way into frames, while it is being written.

    Args:
        talker: The models that speak.
        conversation: What is answered.
        voice: Its name in ``talker_config.speaker_id``.

    Attributes:
        is_ended: Whether the talker has ended, so that no frame comes any more.
    """

    def __init__(self, talker: Talker, conversation: Conversation, voice: str) -> None:
        self.is_ended = False
        self._talker = talker
        self._config = talker.config["talker_config"]
        named = [talker.config[f"tts_{name}_token_id"] for name in ("bos", "eos", "pad")]
        self._bos, self._end, self._pad = talker.text(named)[:, None]
        self._reader, self._predictor = talker.reader("talker"), talker.reader("code_predictor")
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
        """Take notice that the answer has ended; if there was none, nothing is said."""
        self._is_whole = True
        self.is_ended = self._total is None and not self._text
        self._text.append(self._end)

    def next_frame(self) -> list[int] | None:
        """The next frame; none if that needs more of the answer, or if the talker has ended."""
        if self.is_ended or (state := self._next_input()) is None:
            return None
        rows, rope_ids = state
        found = self._reader(rows, rope_ids=rope_ids)
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
        """What the talker reads next, and where it stands: of the answer, one token a frame."""
        if not self._text:
            if self._total is None or not self._is_whole:
                return None
            text = self._pad
        else:
            text = self._text.popleft()
        if self._total is None:
            return self._opening(text)
        return self._total + text, self._places(1)

    def _opening(self, first: Rows) -> tuple[Rows, NDArray[np.int64]]:
        """What it reads before the first frame: what users said, and how the answer begins."""
        config, token_ids = self._talker.config, self._conversation.token_ids
        starts = [i for i, token in enumerate(token_ids) if token == config["im_start_token_id"]]
        parts: list[Rows] = []
        places: list[NDArray[np.int64]] = []
        for begin, stop in pairwise([*starts, len(token_ids)]):
            role = token_ids[begin + 1]
            if role == config["user_token_id"]:
                parts.append(self._heard(begin, stop))
                places.append(self._heard_places(begin, stop))
            elif role == config["assistant_token_id"] and stop == len(token_ids):
                parts.append(self._answer_opening(self._talker.text(token_ids[begin:stop]), first))
                places.append(self._places(len(parts[-1])))
        return np.concatenate(parts), np.concatenate(places, axis=2)

    def _heard(self, begin: int, stop: int) -> Rows:
        """What a user said, with what the thinker made of media in their places."""
        conversation = self._conversation
        rows = self._talker.text(conversation.token_ids[begin:stop])
        first, last = np.searchsorted(conversation.media, [begin, stop])
        if first < last:
            states = np.ascontiguousarray(conversation.hidden_states[first:last])
            rows[conversation.media[first:last] - begin] = self._talker.hidden(states)
        return rows

    def _heard_places(self, begin: int, stop: int) -> NDArray[np.int64]:
        """Positions of what a user said; the talker has not read everything before it."""
        if self._conversation.rope_ids is None:
            return self._places(stop - begin)
        known = self._conversation.rope_ids[:, None, begin:stop]
        places: NDArray[np.int64] = known - known[:, :, :1] + self._next_position
        self._next_position = int(places.max()) + 1
        return places

    def _places(self, num: int) -> NDArray[np.int64]:
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
