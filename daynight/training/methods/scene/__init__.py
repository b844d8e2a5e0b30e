"""The scene network's training: labelled photographs, and lamps painted into them."""
