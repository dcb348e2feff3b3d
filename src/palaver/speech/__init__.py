"""Spoken answers: voices that speak sentence by sentence, in the format that a client wants."""
