"""Models: the facts in an ONNX file, and running it."""
