"""The frame as a value, and plain arithmetic on it. Nothing here opens a file."""
