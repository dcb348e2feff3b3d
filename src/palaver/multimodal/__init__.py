"""How each model family takes media. Pure functions: only numpy and Pillow, no model.

The chat layer uses it to put media items into prompts, the runtime to make inputs of encoders.
"""
