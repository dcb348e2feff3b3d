"""The recorded models, and prompts with media for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from palaver.chat.model import ChatModel
from palaver.chat.request import ChatRequest
from palaver.generation.request import Prompt
from palaver.models.formats import open_files
from palaver.multimodal.media import Audio, Image, Media, Video
from palaver.multimodal.placement import MediaItem
from palaver.runtime import load_runtime
from palaver.runtime.base import Features, Runtime
from tests.multimodal import cases
from tests.runtime.configs import config_of

FamilyFolder = Literal["omni", "vl"]

HERE = Path(__file__).parent


def chat_model(family: FamilyFolder) -> ChatModel:
    """The chat side of a recorded model."""
    return open_files(HERE / family).chat_model()


def runtime(family: FamilyFolder, num_cache_tokens: int = 4096, num_threads: int = 0) -> Runtime:
    """A recorded model, loaded."""
    return load_runtime(
        config_of(
            HERE / family,
            cache_bytes=2**26,
            max_cache_tokens=num_cache_tokens,
            cache_precision="f32",
            inference_precision="f32",
            num_threads=num_threads,
        )
    )


def media_of(case: cases.Case) -> Iterator[Media]:
    """The media of a case, in the order of its parts."""
    images, videos, clips = iter(case.images), iter(case.videos), iter(case.clips)
    for part in case.media:
        if part == "image":
            yield Image(np.asarray(cases.image(*next(images))))
        elif part == "video":
            spec = next(videos)
            yield Video(cases.video(*spec), np.arange(spec[0]) / cases.FRAMES_PER_S)
        else:
            yield Audio(cases.audio(*next(clips)))


def placed(model: ChatModel, case: cases.Case) -> list[MediaItem]:
    """The media of a case as the model's family places them."""
    assert model.multimodal is not None
    return [model.multimodal.place(media) for media in media_of(case)]


def prompt_of(model: ChatModel, case: cases.Case) -> Prompt:
    """The prompt of a case."""
    return model.render(ChatRequest(messages=case.messages, media=placed(model, case))).prompt


def encoded(runtime: Runtime, prompt: Prompt) -> list[Features]:
    """The features of a prompt's placeholder ranges."""
    features = []
    for placeholder in prompt.placeholders:
        assert runtime.encoder is not None and placeholder.content is not None
        features.append(
            runtime.encoder.encode(
                placeholder.kind, placeholder.content.numpy(), placeholder.num_tokens
            )
        )
    return features
