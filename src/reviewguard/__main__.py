"""`python -m reviewguard`."""

from reviewguard.cli import main

if __name__ == "__main__":
    main()
