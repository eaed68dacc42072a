"""`python -m sequester`: the command line of the Python that runs it."""

from sequester.cli.main import main

if __name__ == "__main__":
    main()
