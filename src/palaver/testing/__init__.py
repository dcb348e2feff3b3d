"""Test doubles for programs that use a model: public, and as strict as the real server."""

from __future__ import annotations

from palaver.testing.scripted import ScriptedBackend
from palaver.testing.steps import End, Fail, Hold, Pause, Say, Step, Token

__all__ = ["End", "Fail", "Hold", "Pause", "Say", "ScriptedBackend", "Step", "Token"]
