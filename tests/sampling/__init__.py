"""Sampling tested by statistics: sampled tokens against the probabilities of a reference."""
