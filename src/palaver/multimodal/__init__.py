"""MultimodalRules: what each family of models makes of media. Pure: numpy and Pillow alone.

The chat layer asks how a piece of media stands in a prompt, the runtime how it enters an encoder.
"""
