"""``python -m lockgate.cli``: the command line, where the script is not on PATH (hooks, tests)."""

from lockgate.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
