"""All voices of a server by name, before any of them is loaded."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from palaver.errors import InvalidRequest
from palaver.speech import catalogue
from palaver.speech.catalogue import Voices


def test_voices_are_listed_without_loading_codecs_or_models() -> None:
    script = """
import json, sys
from palaver.speech.catalogue import Voices
names = Voices().names
heavy = {"av", "espeakng_loader", "sherpa_onnx", "py3langid", "openvino"}
print(json.dumps([names, sorted(heavy & set(sys.modules))]))
"""
    command = [sys.executable, "-c", script]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert json.loads(output) == [["alto", "soprano", "tenor", "bass"], []]


def test_without_voices_a_client_is_told_so_and_not_how_to_install_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "is_installed", lambda: False)
    with pytest.raises(InvalidRequest, match="answers in text only") as caught:
        Voices().check(None, "palaver/tiny")
    assert caught.value.param == "modalities"
    assert "pip" not in caught.value.message
