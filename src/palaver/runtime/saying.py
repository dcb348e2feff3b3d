"""What a Qwen3-Omni says: frames of codes, made while the answer is being written (spec row S11).

A talker reads what the thinker read and wrote, as projected text embeddings, and makes one code a
frame; the code predictor adds the other groups. The next input is the sum of the frame's
embeddings and the next text token. Exported folders keep positions in one dimension.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from palaver.runtime.talker import Rows, Talker

_NUM_SUPPRESSED = 1024
_NUM_LEADING = 3
"""Tokens of ``<|im_start|>assistant`` and the line's end, which are not spoken."""
_NUM_PADS = 4


class Saying:
    """One answer on its way into frames, while it is being written.

    Args:
        talker: Who speaks.
        token_ids: The prompt, of text alone.
        speaker: With which voice, a name of ``talker_config.speaker_id``.

    Attributes:
        is_ended: Whether the talker has ended, so that no frame comes any more.
    """

    def __init__(self, talker: Talker, token_ids: Sequence[int], speaker: str) -> None:
        self.is_ended = False
        self._talker = talker
        self._config = talker.config["talker_config"]
        named = [talker.config[f"tts_{name}_token_id"] for name in ("bos", "eos", "pad")]
        self._bos, self._end, self._pad = talker.text(named)[:, None]
        self._reader, self._predictor = talker.reader("talker"), talker.reader("code_predictor")
        self._prompt = list(token_ids)
        self._speaker = speaker
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
        found = self._reader(state)
        num_codes = self._config["text_config"]["vocab_size"]
        is_allowed = np.arange(num_codes) < num_codes - _NUM_SUPPRESSED
        is_allowed[end := self._config["codec_eos_token_id"]] = True
        first = int(np.where(is_allowed, found["logits"][0, -1], -np.inf).argmax())
        if first == end:
            self.is_ended = True
            return None
        codes, self._total = self._groups(first, found["hidden_states"][0, -1:])
        return codes

    def _next_input(self) -> Rows | None:
        """What the talker reads next: of the answer, one token a frame."""
        if not self._text:
            if self._total is None or not self._is_whole:
                return None
            text = self._pad
        else:
            text = self._text.popleft()
        if self._total is None:
            return self._opening(text)
        state: Rows = self._total + text
        return state

    def _opening(self, first: Rows) -> Rows:
        """What it reads before the first frame: what users said, and how the answer begins."""
        config, token_ids = self._talker.config, self._prompt
        starts = [i for i, token in enumerate(token_ids) if token == config["im_start_token_id"]]
        parts: list[Rows] = []
        for begin, stop in pairwise([*starts, len(token_ids)]):
            role = token_ids[begin + 1]
            if role == config["user_token_id"]:
                parts.append(self._talker.text(token_ids[begin:stop]))
            elif role == config["assistant_token_id"] and stop == len(token_ids):
                parts.append(self._answer_opening(self._talker.text(token_ids[begin:stop]), first))
        return np.concatenate(parts)

    def _answer_opening(self, text: Rows, first: Rows) -> Rows:
        leading, written = text[:_NUM_LEADING], text[_NUM_LEADING:]
        spoken = np.concatenate([written, first])
        self._text.extendleft(spoken[:0:-1, None])
        pads = np.repeat(self._pad, _NUM_PADS, 0)
        codec = self._talker.codec(self._talker.opening(self._speaker))
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
