"""The voices: espeak-ng, neural models, and the talkers of models that speak themselves."""
