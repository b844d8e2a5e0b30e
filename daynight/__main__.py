"""``python -m daynight``: the command line, for launchers that want a module."""

from daynight.cli import main

if __name__ == "__main__":
    main()
