"""Training data: photographs, their crops and their pairs."""
