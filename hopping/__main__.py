"""`python -m hopping`."""

from hopping.cli import main

if __name__ == "__main__":
    main()
