"""Continuous batching: sequences, scheduler, cache blocks, sampler, worker process.

Knows neither HTTP nor OpenVINO.
"""
