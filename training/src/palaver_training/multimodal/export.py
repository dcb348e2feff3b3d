"""From a run's weights to the folder that the service loads, and a comparison of both.

::

    python -m palaver_training.multimodal.export RUN/checkpoint.pt          # the built-in model
    python -m palaver_training.multimodal.export RUN/checkpoint.pt --out FOLDER

The thinker becomes a Qwen3-Omni checkpoint (with a minimal talker, which the export requires),
that becomes OpenVINO IR with int8 weights, and a server with it must predict the
same next tokens as the network. A run of text alone (``palaver_training.train``) is exported with the
encoders of ``training/checkpoint``. Needs ``optimum-intel[openvino]``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import nncf
import openvino
import torch
from optimum.exporters.openvino import main_export
from optimum.intel import OVConfig

from palaver_training.conversation import answer_of, request_body
from palaver_training.folders import CHECKPOINT_FOLDER, MODEL_FOLDER
from palaver_training.multimodal.batch import collate
from palaver_training.multimodal.checkpoint import TOKENIZER_FILES, write_checkpoint
from palaver_training.multimodal.model import (
    hidden_states,
    load_averaged,
    new_thinker,
    write_weights,
)
from palaver_training.multimodal.preprocessor import Preprocessor
from palaver_training.multimodal.sample import MediaSample
from palaver_training.multimodal.skills import MEDIA_SKILLS
from palaver_training.server import Server, complete, started
from palaver_training.skills import SKILLS

MAX_BYTES = 20_000_000
NUM_COMPARED = 60
LEAST_SAME = 0.9
"""Share of next tokens that the export must have in common with the network."""
_NOT_WANTED = ("talker", "code2wav", "code_predictor")
_NOT_EXPORTED = ("talker_config", "code2wav_config")


def write_ir(checkpoint: Path, folder: Path) -> None:
    """Put the folder that the service loads into place: int8 weights, no talker."""
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as ready:
        main_export(
            str(checkpoint),
            output=scratch,
            task="image-text-to-text",
            ov_config=OVConfig(dtype="fp32"),
            convert_tokenizer=False,
        )
        for path in Path(scratch).iterdir():
            if path.suffix == ".bin" or any(part in path.name for part in _NOT_WANTED):
                continue
            if path.suffix == ".xml":
                write_int8(path, Path(ready) / path.name)
            elif path.name == "config.json":
                write_config(path, Path(ready) / path.name)
            elif path.name.endswith("processor_config.json"):
                shutil.copyfile(path, Path(ready) / path.name)
        replace(folder, Path(ready))
    copy_words(folder)


def replace(folder: Path, by: Path) -> None:
    """Replace a folder's models and their descriptions; its other files stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*folder.glob("openvino_*"), *folder.glob("*processor_config.json")):
        path.unlink()
    for path in sorted(by.iterdir()):
        shutil.copyfile(path, folder / path.name)


def copy_words(folder: Path) -> None:
    """Put the model's tokenizer, template and ends of answers into a folder that lacks them."""
    for name in (*TOKENIZER_FILES, "generation_config.json"):
        if folder.resolve() != MODEL_FOLDER:
            shutil.copyfile(MODEL_FOLDER / name, folder / name)


def write_int8(source: Path, target: Path) -> None:
    """One part of the model with int8 weights."""
    model = openvino.Core().read_model(source)
    nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)
    openvino.save_model(model, target)


def write_config(source: Path, target: Path) -> None:
    """The folder's ``config.json`` without the talker, which is not exported."""
    config = json.loads(source.read_text(encoding="utf-8"))
    kept = {name: value for name, value in config.items() if name not in _NOT_EXPORTED}
    text = json.dumps(kept | {"enable_audio_output": False}, indent=2)
    target.write_text(text + "\n", encoding="utf-8")


def compare(thinker: Any, preprocessor: Preprocessor, folder: Path) -> float:
    """Share of held-out conversations after which the network and a server name the same token."""
    media_samples = list(compared(Random(7)))
    expected = [first_token(thinker, preprocessor, sample) for sample in media_samples]
    with started(folder) as server:
        given = asyncio.run(first_tokens_of(server, media_samples))
    num_same = sum(one == other for one, other in zip(expected, given, strict=True))
    return num_same / NUM_COMPARED


def first_token(thinker: Any, preprocessor: Preprocessor, media_sample: MediaSample) -> str:
    """The text of the network's first answer token."""
    prompt = preprocessor.process(media_sample).without_answer()
    inputs = collate([prompt], preprocessor.vision)
    with torch.no_grad():
        token_id = int(thinker.lm_head(hidden_states(thinker, inputs)[0, -1]).argmax())
    return str(preprocessor.tokenizer.decode([token_id], skip_special_tokens=True))


async def first_tokens_of(server: Server, media_samples: Sequence[MediaSample]) -> list[str]:
    """The texts of the first answer tokens of a server's model.

    Tokens without text, which mark a call, are the empty string, as in :func:`first_token`.
    """
    async with server.client() as client:
        texts = []
        for media_sample in media_samples:
            body = request_body(media_sample, server.model, 1) | {"enable_thinking": False}
            completion = await complete(client, body)
            texts.append(answer_of(completion)["content"])
        return texts


def compared(rng: Random) -> Iterator[MediaSample]:
    """Two thirds with media, the rest conversations of text."""
    for i in range(NUM_COMPARED):
        if i % 3:
            yield rng.choice(list(MEDIA_SKILLS.values())).draw(rng, "held_out")
        else:
            yield MediaSample(rng.choice(list(SKILLS.values())).generate(rng, "held_out"), ())


def check(thinker: Any, preprocessor: Preprocessor, folder: Path) -> str:
    """Check the size of the folder and its agreement with the network.

    Raises:
        ValueError: It is too large, or too far from the network.
    """
    size = sum(path.stat().st_size for path in folder.iterdir())
    if size > MAX_BYTES:
        raise ValueError(f"{folder} has {size} bytes, more than {MAX_BYTES}")
    share = compare(thinker, preprocessor, folder)
    if share < LEAST_SAME:
        raise ValueError(f"{folder} names the network's next token in {share:.0%} of cases only")
    return f"{folder}: {size} bytes, the network's next token in {share:.0%} of cases"


def main() -> None:
    """Export a run's weights, and keep them in the public format beside the code of training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "weights", type=Path, nargs="?", help="a run's checkpoint.pt; without, training/checkpoint"
    )
    parser.add_argument("--out", type=Path, default=MODEL_FOLDER, help="the folder to write")
    parser.add_argument(
        "--public",
        type=Path,
        help="where to keep the weights; training/checkpoint if the built-in model is written",
    )
    options = parser.parse_args()
    preprocessor = Preprocessor()
    thinker = new_thinker(preprocessor.tokenizer).eval()
    if options.weights:
        load_averaged(thinker, options.weights)
    with tempfile.TemporaryDirectory() as checkpoint:
        write_checkpoint(thinker, preprocessor, Path(checkpoint))
        write_ir(Path(checkpoint), options.out)
    public = options.public or (CHECKPOINT_FOLDER if options.out == MODEL_FOLDER else None)
    if public and options.weights:
        write_weights(thinker, public)
        copy_words(public)
    print(check(thinker, preprocessor, options.out))


if __name__ == "__main__":
    main()
