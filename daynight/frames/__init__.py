"""The frame: its value, and plain arithmetic on it. No file, no queue."""
