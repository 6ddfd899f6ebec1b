"""``python -m imagination.cli``."""

from imagination.cli import main

if __name__ == "__main__":
    main()
