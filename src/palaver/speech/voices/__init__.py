"""The voices: embedded ones (espeak-ng), neural ones, and models' own (talkers)."""
