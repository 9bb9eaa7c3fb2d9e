"""Where the program ``zizmor`` is: every run that meets YAML asks, so nothing slow is imported for the usual place."""

from __future__ import annotations

import os
import sys


def program() -> str | None:
    """The program beside the running Python, or on PATH; None when there is none."""
    usual = f"{sys.prefix}/bin/zizmor"
    if sys.prefix != sys.base_prefix and os.path.isfile(usual) and os.access(usual, os.X_OK):  # noqa: PTH113 -- as above
        return usual
    import shutil
    import sysconfig

    return shutil.which("zizmor", path=sysconfig.get_path("scripts")) or shutil.which("zizmor")


def programs() -> tuple[str | None]:
    """The programs of the scanner, as ``Scanner`` has it."""
    return (program(),)
