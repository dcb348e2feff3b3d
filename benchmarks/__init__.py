"""Benchmarks; most report ratios to a peer or a baseline in the same run."""
