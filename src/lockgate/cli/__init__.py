"""The command line. The one place that prints errors and turns them into exit codes.

Starting is cheap: a command's own module is imported when it is called, and what it needs when it runs.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (``docs/reference/exit-codes.md``)."""
    from lockgate.cli._interrupts import after_imports

    with after_imports(main.__code__):
        return _run(list(sys.argv[1:] if argv is None else argv))


def _run(arguments: list[str]) -> int:
    from lockgate.errors import ExitCode, LockgateError

    # A run makes many small values and hardly a cycle: looking for cycles every 700 values took up to a fifth of it.
    gc.set_threshold(200_000, 30, 30)
    # At its end Python would look through all that is left for cycles: half a second after 50,000 findings.
    atexit.register(gc.freeze)
    try:
        from lockgate.cli._parser import parse

        parsed = parse(arguments)
        code = int(parsed.run(parsed))
        sys.stdout.flush()  # here, where it is known what to do when the reader has gone
        return code
    except LockgateError as error:
        _say(error.message, where=error.where, hint=error.hint, code=error.code)
        return int(error.exit_code)
    except KeyboardInterrupt:
        _say("interrupted; what was reported as stored is stored")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        _let_go_of_output()
        return int(ExitCode.CLOSED_PIPE)
    except Exception as error:
        return _defect(error)


def _let_go_of_output() -> None:
    """The reader of our output has gone: nothing to say, and nobody to say it to. What is left in buffers goes nowhere,
    else Python would complain of it as it ends."""
    import os

    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # one that is closed, or no file
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _say(message: str, *, where: str = "", hint: str = "", code: str = "") -> None:
    from lockgate.cli._text import safe

    place = f"{safe(where)}: " if where else ""
    print(f"lockgate: {place}{safe(message)}{f' [{code}]' if code else ''}", file=sys.stderr)
    if hint:
        print(f"  hint: {safe(hint)}", file=sys.stderr)


def _defect(error: Exception) -> int:
    """A defect of ours: say where, without values, since a value may be a secret."""
    import os
    import traceback

    from lockgate.errors import ExitCode

    if os.environ.get("LOCKGATE_TRACEBACK") == "1":
        traceback.print_exc()
    frame = traceback.extract_tb(error.__traceback__)[-1]
    _say(
        f"a defect of Lockgate: {type(error).__name__}",
        where=f"{os.path.basename(frame.filename)}:{frame.lineno}",  # noqa: PTH119 - a name, no path is touched
        hint="please report it; LOCKGATE_TRACEBACK=1 shows the trace, which may hold values of your files",
        code="internal",
    )
    return int(ExitCode.INTERNAL)
