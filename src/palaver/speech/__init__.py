"""Answers in text and audio: voices, sentence by sentence, in the format that a client wants."""
