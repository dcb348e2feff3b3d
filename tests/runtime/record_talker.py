"""A tiny talker with random weights and the audio that PyTorch computes, recorded for the tests.

``python -m tests.runtime.record_talker tests/runtime/talker`` writes the talker's part of an
exported Qwen3-Omni folder, whose thinker is that of ``tests/multimodal/omni``, and in it
``references.npz``: for every case of :data:`tests.multimodal.cases.SPOKEN` the thinker's prompt
and answer, its hidden states of media, and the talker's codes and waveform. Needs torch,
transformers 5.5 and ``optimum-intel[openvino]``; the tests need none of them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from optimum.exporters.openvino import main_export
from optimum.intel import OVConfig
from transformers import Qwen3OmniMoeConfig, Qwen3OmniMoeForConditionalGeneration

from tests.multimodal import cases
from tests.multimodal.record import (
    HERE,
    TEMPLATE,
    inputs_of,
    keep_to_seconds,
    omni,
    omni_config,
    randomize,
    write_tokenizer,
)

NUM_TOKENS = 12
NUM_FRAMES = 14
PARTS = ("talker", "talker_text_embeddings", "talker_projections", "code_predictor", "code2wav")


def tiny_model(folder: Path) -> tuple[Any, Any]:
    """A Qwen3-Omni whose talker has more codes than it suppresses, and its processor."""
    torch.manual_seed(0)
    thinking, processor = omni(folder)
    config = omni_config(write_tokenizer(folder))
    config["talker_config"]["text_config"]["vocab_size"] = 1536
    config["talker_config"]["speaker_id"] = {"alto": 270, "bass": 271}
    torch.manual_seed(3)
    model = randomize(Qwen3OmniMoeForConditionalGeneration(Qwen3OmniMoeConfig(**config)))
    model.thinker.load_state_dict(thinking.thinker.state_dict())
    keep_to_seconds(model.thinker.audio_tower)
    return model, processor


def speak(model: Any, inputs: dict[str, Any], speaker: str) -> dict[str, Any]:
    """Greedy text, greedy codes and their wave."""
    recorded: dict[str, Any] = {}
    predictor, talker, thinker = model.talker.code_predictor, model.talker, model.thinker
    originals = predictor.generate, talker.generate, thinker.generate
    layer = model.config.talker_config.accept_hidden_layer

    def greedy(*args: Any, **options: Any) -> Any:
        options |= {"do_sample": False, "top_k": None, "top_p": None}
        return originals[0](*args, **options)

    def listening(*args: Any, **options: Any) -> Any:
        found = originals[1](*args, **options)
        frames = [states[-1] for states in found.hidden_states if states[-1] is not None]
        recorded["codes"] = torch.stack(frames, 1).transpose(1, 2).numpy()
        return found

    def thinking(*args: Any, **options: Any) -> Any:
        found = originals[2](*args, **options)
        config = model.config.thinker_config
        media = (config.audio_token_id, config.image_token_id, config.video_token_id)
        is_media = torch.isin(inputs["input_ids"][0], torch.tensor(media))
        recorded["states"] = found.hidden_states[0][layer][0][is_media].numpy()
        return found

    predictor.generate, talker.generate, thinker.generate = greedy, listening, thinking
    try:
        sequence, wave = model.generate(
            **inputs,
            speaker=speaker,
            return_audio=True,
            thinker_max_new_tokens=NUM_TOKENS,
            thinker_eos_token_id=None,
            thinker_do_sample=False,
            talker_do_sample=False,
            talker_repetition_penalty=1.0,
            talker_max_new_tokens=NUM_FRAMES,
        )
    finally:
        predictor.generate, talker.generate, thinker.generate = originals
    sequence = getattr(sequence, "sequences", sequence)
    return recorded | {"ids": sequence.numpy().ravel(), "wave": wave.numpy().ravel()}


def is_recorded(found: dict[str, Any], case: cases.Case) -> bool:
    """Whether the thinker generated the tokens that are recorded in ``tests/multimodal/omni``."""
    with np.load(HERE / "omni" / "references.npz") as recorded:
        key = f"{case.name}/tokens"
        expected = recorded[key] if case in cases.CASES else found["ids"][-NUM_TOKENS:]
    return np.array_equal(found["ids"][-NUM_TOKENS:], expected)


def main(out: Path) -> None:
    """Write the folder."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, processor = tiny_model(folder)
        model.save_pretrained(folder)
        found: dict[str, Any] = {}
        for case in cases.SPOKEN:
            inputs = dict(inputs_of("omni", processor, case))
            for speaker in ("alto", "bass") if case.name == "text" else ("alto",):
                spoken = speak(model, inputs, speaker)
                assert is_recorded(spoken, case), "another thinker than tests/multimodal/omni"
                spoken["num_prompt"] = inputs["input_ids"].shape[1]
                found |= {f"{case.name}/{speaker}/{key}": value for key, value in spoken.items()}
        export = folder / "export"
        (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
        main_export(str(folder), export, task="any-to-any", ov_config=OVConfig(dtype="fp16"))
        out.mkdir(parents=True, exist_ok=True)
        for part in (*PARTS, "text_embeddings"):
            for kind in ("xml", "bin"):
                shutil.copy(export / f"openvino_{part}_model.{kind}", out)
        config = json.loads((export / "config.json").read_text(encoding="utf-8"))
        (out / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
        np.savez_compressed(out / "references.npz", **found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    main(parser.parse_args().out)
