"""From perceptions to what the network reads, by the very code of the service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from msgspec.structs import replace
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from palaver.chat.embedding import embed, insert
from palaver.engine.request import Prompt, Span
from palaver.senses import hearing, vision
from palaver.senses.config import PixelBudget, SensesConfig, VisionConfig
from palaver.senses.media import Sound
from palaver.senses.qwen3_omni import Qwen3Omni
from training.render import MODEL_FOLDER, OPENING, Template
from training.senses.model import FRAME_PIXELS, PATCHES, PIXELS, Inputs, thinker_config
from training.senses.sample import Perception

_END = "<|im_end|>"


@dataclass(frozen=True, slots=True)
class Read:
    """A perception as tokens.

    Attributes:
        skill: Its name.
        prompt: The whole conversation, the answer included.
        num_prompt_tokens: Where the answer begins.
        mels: ``float32[128, frames]`` of each of its sounds.
    """

    skill: str
    prompt: Prompt
    num_prompt_tokens: int
    mels: tuple[NDArray[Any], ...] = ()


class Reader:
    """Reads perceptions for one model."""

    def __init__(self) -> None:
        self.tokenizer = Tokenizer.from_file(str(MODEL_FOLDER / "tokenizer.json"))
        self._template = Template(MODEL_FOLDER / "chat_template.jinja")
        self.senses = Qwen3Omni(senses_config(self.tokenizer))

    def read(self, perception: Perception) -> Read:
        """The whole conversation; the answer's tokens come last."""
        sample = perception.sample
        prompt = self._template.render(sample.prompt, sample.tools, prompt=True)
        whole = self._template.render(sample.messages, sample.tools)
        if not whole.startswith(prompt) or not prompt.endswith(OPENING):
            raise ValueError("the template does not continue a prompt with its answer")
        media = [self.senses.place(piece) for piece in perception.media]
        answer = whole[len(prompt) :].removesuffix("\n")
        asked = embed(self._ids(insert(prompt, media, self.senses)), media, self.senses)
        read = replace(asked, token_ids=[*asked.token_ids, *self._ids(answer)])
        sounds = [piece for piece in perception.media if isinstance(piece, Sound)]
        mels = tuple(hearing.log_mel(sound.samples) for sound in sounds)
        return Read(sample.skill, read, len(asked), mels)

    def text_of(self, token_ids: Sequence[int]) -> str:
        """An answer's text, up to its end."""
        return str(self.tokenizer.decode(list(token_ids), skip_special_tokens=False)).partition(
            _END
        )[0]

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)


def senses_config(tokenizer: Tokenizer) -> SensesConfig:
    """The senses that the exported folder will have."""
    config = thinker_config(tokenizer)
    of_vision = config["vision_config"]
    return SensesConfig(
        family="qwen3_omni",
        vision=VisionConfig(
            patch_size=PATCHES["patch_size"],
            merge_size=PATCHES["merge_size"],
            num_frames=PATCHES["temporal_patch_size"],
            mean=tuple(PATCHES["image_mean"]),
            std=tuple(PATCHES["image_std"]),
            side=int(of_vision["num_position_embeddings"] ** 0.5),
            head_size=of_vision["hidden_size"] // of_vision["num_heads"],
            num_deep=len(of_vision["deepstack_visual_indexes"]),
            picture=PixelBudget(*PIXELS.values()),
            video=PixelBudget(*FRAME_PIXELS.values()),
        ),
        hidden_size=config["text_config"]["hidden_size"],
        pad_token_ids={
            "picture": config["image_token_id"],
            "video": config["video_token_id"],
            "sound": config["audio_token_id"],
        },
        text=config["text_config"],
    )


def collate(reads: Sequence[Read], senses: SensesConfig) -> tuple[Inputs, Tensor]:
    """A batch, and ``bool[B, T]``: which tokens are answers, predicted from those before them.

    Shorter conversations end in padding, which nothing before it attends to.
    """
    length = max(len(read.prompt) for read in reads)
    ids = torch.zeros(len(reads), length, dtype=torch.int64)
    positions = torch.zeros(3, len(reads), length, dtype=torch.int64)
    is_answer = torch.zeros(len(reads), length, dtype=torch.bool)
    is_seen, is_heard = is_answer.clone(), is_answer.clone()
    seen: list[Span] = []
    mels: list[NDArray[Any]] = []
    for i, read in enumerate(reads):
        num = len(read.prompt)
        ids[i, :num] = torch.tensor(read.prompt.token_ids)
        positions[:, i, :num] = torch.from_numpy(read.prompt.rope_ids(0, num))
        is_answer[i, read.num_prompt_tokens : num] = True
        mels += read.mels
        for span in read.prompt.spans:
            (is_heard if span.kind == "sound" else is_seen)[i, span.begin : span.end] = True
            seen += [span] if span.kind != "sound" else []
    patches, grids = _patches(seen, senses) if seen else (None, None)
    inputs = Inputs(
        token_ids=ids,
        positions=positions,
        patches=patches,
        grids=grids,
        is_seen=is_seen,
        mel=torch.from_numpy(np.concatenate(mels, axis=1)) if mels else None,
        mel_frames=torch.tensor([mel.shape[1] for mel in mels]) if mels else None,
        is_heard=is_heard,
    )
    return inputs, is_answer


def _patches(spans: Sequence[Span], senses: SensesConfig) -> tuple[Tensor, Tensor]:
    """The patches of pictures and frames, and the grid of each."""
    contents = [span.content.numpy() for span in spans if span.content is not None]
    size = senses.vision.patch_size
    grids = [(1, content.shape[1] // size, content.shape[2] // size) for content in contents]
    patches = np.concatenate([vision.patches(content, senses.vision) for content in contents])
    return torch.from_numpy(patches), torch.tensor(grids)
