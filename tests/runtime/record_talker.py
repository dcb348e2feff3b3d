"""A tiny talker with random weights and what PyTorch makes it say, recorded for the tests.

``python -m tests.runtime.record_talker tests/runtime/talker`` writes the talker's part of an
exported Qwen3-Omni folder and in it ``references.npz``. Needs torch, transformers 5.5 and
``optimum-intel[openvino]``; the tests need none of them.
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

from tests.senses.record import TEMPLATE, omni_config, randomize, write_tokenizer

NUM_TOKENS = 12
NUM_FRAMES = 20
QUESTIONS = {"hello": "Say hello", "picture": "What is in the picture"}
PARTS = ("talker", "talker_text_embeddings", "talker_projections", "code_predictor", "code2wav")


def tiny_model(folder: Path) -> tuple[Any, Any]:
    """A Qwen3-Omni whose talker has more codes than it suppresses, and its tokenizer."""
    tokenizer = write_tokenizer(folder)
    config = omni_config(tokenizer)
    config["talker_config"]["text_config"]["vocab_size"] = 1536
    config["talker_config"]["speaker_id"] = {"alto": 270, "bass": 271}
    torch.manual_seed(3)
    model = randomize(Qwen3OmniMoeForConditionalGeneration(Qwen3OmniMoeConfig(**config)))
    return model, tokenizer


def speak(model: Any, token_ids: list[int], speaker: str) -> dict[str, Any]:
    """Greedy text, greedy codes and their wave."""
    heard: dict[str, Any] = {}
    predictor, talker = model.talker.code_predictor, model.talker
    generate_codes, generate_frames = predictor.generate, talker.generate

    def greedy(*args: Any, **options: Any) -> Any:
        options |= {"do_sample": False, "top_k": None, "top_p": None}
        return generate_codes(*args, **options)

    def listening(*args: Any, **options: Any) -> Any:
        found = generate_frames(*args, **options)
        frames = [states[-1] for states in found.hidden_states if states[-1] is not None]
        heard["codes"] = torch.stack(frames, 1).transpose(1, 2).numpy()
        heard["talker_in"] = options["inputs_embeds"].numpy()
        return found

    predictor.generate, talker.generate = greedy, listening
    try:
        sequence, wave = model.generate(
            input_ids=torch.tensor([token_ids]),
            attention_mask=torch.ones(1, len(token_ids), dtype=torch.long),
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
        predictor.generate, talker.generate = generate_codes, generate_frames
    sequence = getattr(sequence, "sequences", sequence)
    return heard | {"ids": sequence.numpy().ravel(), "wave": wave.numpy().ravel()}


def main(out: Path) -> None:
    """Write the folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, tokenizer = tiny_model(folder)
        model.save_pretrained(folder)
        found: dict[str, Any] = {}
        for case, question in QUESTIONS.items():
            text = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
            token_ids = tokenizer.encode(text).ids
            for speaker in ("alto", "bass"):
                spoken = speak(model, token_ids, speaker) | {"num_prompt": len(token_ids)}
                found |= {f"{case}/{speaker}/{key}": value for key, value in spoken.items()}
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
