"""The process of a neural voice model: ``python -m palaver.speech.voices.neural.process …``."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from palaver.host import tuning
from palaver.host.calls import serve_calls
from palaver.host.child_side import connect
from palaver.speech.resample import resampled
from palaver.speech.voice import Samples
from palaver.speech.voices.neural.folder import VoiceFolder
from palaver.speech.voices.neural.sentence import Sentence

_NUM_THREADS = 1
_LOUDEST = 32_000


def load(folder: VoiceFolder) -> Any:
    """The model of a folder, as an object of sherpa-onnx.

    Raises:
        RuntimeError: It is broken, or of a kind that sherpa-onnx does not know.
    """
    import sherpa_onnx  # noqa: PLC0415  # loaded in this process only

    files = {
        "model": str(folder.model),
        "tokens": str(folder.tokens),
        "lexicon": ",".join(str(lexicon) for lexicon in folder.lexicons),
        "data_dir": str(folder.data or ""),
    }
    if folder.styles:
        model = sherpa_onnx.OfflineTtsModelConfig(
            kokoro=sherpa_onnx.OfflineTtsKokoroModelConfig(voices=str(folder.styles), **files),
            num_threads=_NUM_THREADS,
        )
    else:  # without noise, the same sentence always sounds the same
        vits = sherpa_onnx.OfflineTtsVitsModelConfig(noise_scale=0, noise_scale_w=0, **files)
        model = sherpa_onnx.OfflineTtsModelConfig(vits=vits, num_threads=_NUM_THREADS)
    return sherpa_onnx.OfflineTts(sherpa_onnx.OfflineTtsConfig(model=model))


def speak(model: Any, sentence: Sentence) -> Samples:
    """The audio of a sentence, by a model of :func:`load`."""
    audio = model.generate(sentence.text, sid=sentence.speaker)
    samples = np.asarray(audio.samples, dtype=np.float32)
    scaled = (samples.clip(-1, 1) * _LOUDEST).astype(np.int16)
    return resampled(scaled, int(audio.sample_rate))


def main() -> None:
    """Load the model and speak the parent's sentences."""
    parent = connect()
    if parent.is_tuned:
        tuning.tune_background_process()
    try:
        model = load(msgspec.json.decode(parent.config, type=VoiceFolder, dec_hook=_decoded))
    except RuntimeError as error:
        parent.say_failed(str(error))
        return
    sentences = msgspec.msgpack.Decoder(Sentence)
    parent.say_ready(str(max(int(model.num_speakers), 1)).encode())
    serve_calls(parent, lambda content: speak(model, sentences.decode(content)).tobytes())


def _decoded(kind: type, value: Any) -> Any:
    return kind(value)


if __name__ == "__main__":
    main()
