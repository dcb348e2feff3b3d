"""Text to sound: voices, sentence by sentence, in the format that a client wants."""
