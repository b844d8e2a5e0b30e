"""Models: what an ONNX file says of itself, and running it."""
