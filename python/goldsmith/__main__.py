"""`python -m goldsmith` is the command `goldsmith`."""

from goldsmith._cli import main

if __name__ == "__main__":
    main()
