"""The embedded voices: espeak-ng, which needs no download and speaks some hundred languages."""
