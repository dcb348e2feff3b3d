"""Neural voices: models from a folder or the hub, run by sherpa-onnx (the ``voices`` extra)."""
