"""From samples with media to inputs of the network: tokens, positions, frames, spectrograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from palaver_training.folders import MODEL_FOLDER
from palaver_training.multimodal.media import Kind
from palaver_training.multimodal.placement import Prompt, Span, insert, place
from palaver_training.multimodal.sample import MediaSample
from palaver_training.multimodal.sizes import FRAME_PIXELS, PATCHES, PIXELS, thinker_config
from palaver_training.multimodal.vision import PixelBudget, VisionConfig
from palaver_training.render import OPENING, Template

_END = "<|im_end|>"


@dataclass(frozen=True, slots=True)
class TokenizedSample:
    """A conversation with media as inputs of the network.

    Attributes:
        skill: Its name.
        prompt: The whole conversation, the answer included.
        num_prompt_tokens: Where the last answer begins.
        is_answer: For each token, whether the assistant generates it.
        mels: ``float32[128, frames]`` of each piece of audio.
    """

    skill: str
    prompt: Prompt
    num_prompt_tokens: int
    is_answer: list[bool]
    mels: tuple[NDArray[np.float32], ...] = ()

    def __len__(self) -> int:
        """How many tokens it has."""
        return len(self.prompt.token_ids)

    @property
    def token_ids(self) -> list[int]:
        """All tokens."""
        return self.prompt.token_ids

    @property
    def positions(self) -> NDArray[np.int32]:
        """``int32[3, tokens]``."""
        return self.prompt.positions

    @property
    def spans(self) -> list[Span]:
        """Where tokens stand for media."""
        return self.prompt.spans

    def without_answer(self) -> TokenizedSample:
        """The conversation up to the last answer."""
        num = self.num_prompt_tokens
        prompt = Prompt(self.token_ids[:num], self.positions[:, :num], self.spans)
        return TokenizedSample(self.skill, prompt, num, self.is_answer[:num], self.mels)


class Preprocessor:
    """Renders, tokenizes and places media for the built-in model, as the server does.

    Attributes:
        tokenizer: The model's.
        vision: How it takes images.
    """

    def __init__(self) -> None:
        self.tokenizer = Tokenizer.from_file(str(MODEL_FOLDER / "tokenizer.json"))
        config = thinker_config(self.tokenizer)
        self.vision = vision_config(self.tokenizer)
        self._template = Template(MODEL_FOLDER / "chat_template.jinja")
        self._opening = self._ids(OPENING)
        self._end = self.tokenizer.token_to_id(_END)
        kinds: tuple[Kind, ...] = ("image", "video", "audio")
        self._pads = {kind: int(config[f"{kind}_token_id"]) for kind in kinds}

    def process(self, media_sample: MediaSample) -> TokenizedSample:
        """The whole conversation; the answer's tokens come last.

        Raises:
            ValueError: The template does not continue the prompt with the answer.
        """
        sample = media_sample.sample
        prompt = self._template.render(sample.prompt, sample.tools, prompt=True)
        whole = self._template.render(sample.messages, sample.tools)
        if not whole.startswith(prompt) or not prompt.endswith(OPENING):
            raise ValueError("the template does not continue a prompt with its answer")
        media = [place(piece, self.vision) for piece in media_sample.media]
        answer = self._ids(whole[len(prompt) :].removesuffix("\n"))
        placed = insert([*self._ids(prompt), *answer], media, self._pads)
        return TokenizedSample(
            sample.skill,
            placed,
            len(placed.token_ids) - len(answer),
            self._is_answer(placed.token_ids),
            tuple(piece.mel for piece in media if piece.mel is not None),
        )

    def _is_answer(self, token_ids: Sequence[int]) -> list[bool]:
        """Which tokens the assistant generates, the end of each of its turns included."""
        found = [False] * len(token_ids)
        inside = False
        for i, token in enumerate(token_ids):
            begins = i + 1 >= len(self._opening) and (
                list(token_ids[i + 1 - len(self._opening) : i + 1]) == self._opening
            )
            found[i] = inside
            inside = begins or (inside and token != self._end)
        return found

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)


def vision_config(tokenizer: Tokenizer) -> VisionConfig:
    """How the exported folder will take images and video."""
    encoder = thinker_config(tokenizer)["vision_config"]
    return VisionConfig(
        patch_size=PATCHES["patch_size"],
        merge_size=PATCHES["merge_size"],
        num_frames=PATCHES["temporal_patch_size"],
        mean=tuple(PATCHES["image_mean"]),
        std=tuple(PATCHES["image_std"]),
        side=int(encoder["num_position_embeddings"] ** 0.5),
        head_size=encoder["hidden_size"] // encoder["num_heads"],
        image=PixelBudget(*PIXELS.values()),
        video=PixelBudget(*FRAME_PIXELS.values()),
    )
