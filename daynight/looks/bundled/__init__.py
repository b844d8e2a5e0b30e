"""The looks that ship with daynight, each a TOML file."""
