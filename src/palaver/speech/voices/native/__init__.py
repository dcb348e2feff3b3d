"""A model's own voices: the talker of a Qwen3-Omni (spec row S11)."""
