"""The files of a neural voice model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from palaver.errors import SettingError
from palaver.speech.voices.neural.onnx_metadata import onnx_metadata


@dataclass(frozen=True, slots=True)
class VoiceFolder:
    """The files of a voice model, as sherpa-onnx's collection of models lays them out.

    Attributes:
        model: The ONNX file.
        tokens: The file of its symbols.
        lexicons: Files with the pronunciation of words, if it needs them.
        data: espeak-ng's data, if it needs them for pronunciation.
        styles: The speakers of a Kokoro model; others are VITS models (Piper, MMS, MeloTTS, Coqui).
    """

    model: Path
    tokens: Path
    lexicons: tuple[Path, ...] = ()
    data: Path | None = None
    styles: Path | None = None

    @property
    def num_speakers(self) -> int:
        """The number of its speakers, as the ONNX file states it; 1 where it does not.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is not an ONNX file.
        """
        return max(int(onnx_metadata(self.model).get("n_speakers", 1)), 1)

    @classmethod
    def open(cls, path: Path) -> VoiceFolder:
        """Find the files of a folder.

        Raises:
            SettingError: It has no voice model; the message says what is missing.
        """
        models = sorted(path.glob("*.onnx"))
        tokens = path / "tokens.txt"
        if len(models) != 1 or not tokens.is_file():
            raise SettingError(
                f"voices: {path} must hold one .onnx file and tokens.txt, as the VITS and Kokoro "
                f"models of sherpa-onnx do; there are {len(models)} .onnx files"
                f"{'' if tokens.is_file() else ' and no tokens.txt'}"
            )
        data, styles = path / "espeak-ng-data", path / "voices.bin"
        return cls(
            model=models[0],
            tokens=tokens,
            lexicons=tuple(sorted(path.glob("lexicon*.txt"))),
            data=data if data.is_dir() else None,
            styles=styles if styles.is_file() else None,
        )
