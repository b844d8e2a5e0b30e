"""A classifier of day and night, trained on photographs alone."""
