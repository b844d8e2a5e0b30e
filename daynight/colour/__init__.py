"""Colour: display encodings, film scans, and colour spaces by OCIO."""
