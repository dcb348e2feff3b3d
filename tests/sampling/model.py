"""The built-in model outside the server: the tokens of prompts, and logits."""

from __future__ import annotations

import numpy as np

from palaver.chat.request import ChatRequest
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.models.formats import open_files
from palaver.runtime import load_runtime
from tests.runtime.batches import Part, step
from tests.runtime.configs import config_of
from tests.sampling.reference import Place, Vector
from tests.sampling.tally import Beginning


class Model:
    """The built-in model, run a token at a time over nothing but one conversation, as precisely as
    the server runs it.

    Attributes:
        vocab_size: Number of its tokens.
        end: The one token that stands for all that end an answer.
    """

    def __init__(self) -> None:
        self._chat = open_files(BUILT_IN_FOLDER).chat_model()
        config = config_of(max_cache_tokens=1024, inference_precision="f32")
        self._runtime = load_runtime(config)
        self._places: dict[tuple[str, Beginning], Place] = {}
        self._ids = {
            (self._text_of(i), self._chat.tokenizer.bytes_of(i)): i
            for i in range(self._chat.tokenizer.vocab_size)
        }
        self.vocab_size = self._runtime.shape.vocab_size
        self.end = min(self._chat.stop_token_ids)

    def id_of(self, token: str, content: bytes) -> int:
        """The token with this text in an answer's log probabilities."""
        return self._ids[token, content]

    def prompt(self, content: str) -> list[int]:
        """The tokens of a conversation in which a user has said something."""
        messages = [{"role": "user", "content": content}]
        return self._chat.render(ChatRequest(messages=messages)).prompt.token_ids

    def place(self, content: str, answer: Beginning = ()) -> Place:
        """The place after a user's message and the beginning of the answer."""
        key = (content, answer)
        if key not in self._places:
            prompt = self.prompt(content)
            self._places[key] = Place(self._logits(prompt, answer), prompt, answer)
        return self._places[key]

    def merge_ends(self, probabilities: Vector) -> Vector:
        """The probabilities, with those of all stop tokens added up at one of them."""
        merged = probabilities.copy()
        ends = list(self._chat.stop_token_ids)
        merged[ends] = 0
        merged[self.end] = probabilities[ends].sum()
        return merged

    def _logits(self, prompt: list[int], answer: Beginning) -> Vector:
        blocks = list(range(self._runtime.shape.num_blocks))
        rows = step(self._runtime, Part(prompt, 0, blocks))
        for past, token in enumerate(answer, start=len(prompt)):
            rows = step(self._runtime, Part([token], past, blocks))
        logits: Vector = rows[0].astype(np.float64)
        return logits

    def _text_of(self, token: int) -> str:
        tokenizer = self._chat.tokenizer
        return tokenizer.bytes_of(token).decode(errors="replace") or tokenizer.name_of(token)
