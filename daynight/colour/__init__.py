"""Color: display encoding, film scans, and color spaces by OCIO."""
