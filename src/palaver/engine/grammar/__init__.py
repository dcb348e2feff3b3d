"""Grammars: compiled for a vocabulary and applied token by token, with llguidance.

A compiled grammar is cached; each answer gets a copy of its state.
"""
