"""From perceptions to what the network reads, by the very code of the service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace
from numpy.typing import NDArray
from tokenizers import Tokenizer

from palaver.chat.embedding import embed, insert
from palaver.generation.request import Prompt
from palaver.multimodal import audio
from palaver.multimodal.config import MultimodalConfig, PixelBudget, VisionConfig
from palaver.multimodal.media import Audio
from palaver.multimodal.qwen3_omni import Qwen3Omni
from training.multimodal.sample import Perception
from training.multimodal.sizes import FRAME_PIXELS, PATCHES, PIXELS, thinker_config
from training.render import MODEL_FOLDER, OPENING, Template

_END = "<|im_end|>"


@dataclass(frozen=True, slots=True)
class Read:
    """A perception as tokens.

    Attributes:
        skill: Its name.
        prompt: The whole conversation, the answer included.
        num_prompt_tokens: Where the last answer begins.
        is_answer: For each token, whether the assistant generates it.
        mels: ``float32[128, frames]`` of each of its sounds.
    """

    skill: str
    prompt: Prompt
    num_prompt_tokens: int
    is_answer: list[bool]
    mels: tuple[NDArray[Any], ...] = ()


class Reader:
    """Reads perceptions for one model."""

    def __init__(self) -> None:
        self.tokenizer = Tokenizer.from_file(str(MODEL_FOLDER / "tokenizer.json"))
        self._template = Template(MODEL_FOLDER / "chat_template.jinja")
        self._opening = self._ids(OPENING)
        self._end = int(self.tokenizer.token_to_id(_END))
        self.multimodal = Qwen3Omni(senses_config(self.tokenizer))

    def read(self, perception: Perception) -> Read:
        """The whole conversation; the answer's tokens come last."""
        sample = perception.sample
        prompt = self._template.render(sample.prompt, sample.tools, prompt=True)
        whole = self._template.render(sample.messages, sample.tools)
        if not whole.startswith(prompt) or not prompt.endswith(OPENING):
            raise ValueError("the template does not continue a prompt with its answer")
        media = [self.senses.place(piece) for piece in perception.media]
        answer = whole[len(prompt) :].removesuffix("\n")
        asked = embed(self._ids(insert(prompt, media, self.multimodal)), media, self.multimodal)
        read = replace(asked, token_ids=[*asked.token_ids, *self._ids(answer)])
        sounds = [piece for piece in perception.media if isinstance(piece, Audio)]
        mels = tuple(audio.log_mel(sound.samples) for sound in sounds)
        is_answer = self._answers(read.token_ids)
        return Read(sample.skill, read, len(asked), is_answer, mels)

    def _answers(self, token_ids: Sequence[int]) -> list[bool]:
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

    def text_of(self, token_ids: Sequence[int]) -> str:
        """An answer's text, up to its end."""
        return str(self.tokenizer.decode(list(token_ids), skip_special_tokens=False)).partition(
            _END
        )[0]

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)


def senses_config(tokenizer: Tokenizer) -> MultimodalConfig:
    """The senses that the exported folder will have."""
    config = thinker_config(tokenizer)
    of_vision = config["vision_config"]
    return MultimodalConfig(
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
            "image": config["image_token_id"],
            "video": config["video_token_id"],
            "audio": config["audio_token_id"],
        },
        text=config["text_config"],
    )
