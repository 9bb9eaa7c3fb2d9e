"""The folder of this machine's user for what is made of Lockgate itself: parsed rules, compiled patterns and policies.

A new workspace would otherwise compile them anew, which takes longer than most checks. The folder is ``lockgate`` in
the user's cache folder (XDG Base Directory Specification: ``XDG_CACHE_HOME``, else ``~/.cache``; ``~/Library/Caches``
on macOS, ``LOCALAPPDATA`` on Windows). It holds code, so it is used only where nobody but the user can have written: it
belongs to who runs this, is no link, others may not write it, and it lies in nothing that is checked.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

_NAME = "lockgate"


def machine_folder(checked: Iterable[Path], environ: Mapping[str, str] | None = None) -> Path | None:
    """The folder, made when missing; None where there is none that is safe. ``checked``: tops of what is judged."""
    base = _cache_home(os.environ if environ is None else environ)
    if base is None:
        return None
    folder = base / _NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _ours(folder) or not _kept_by_us(base) or any(_below(folder, top) for top in checked):
            return None
    except OSError:
        return None
    return folder


def _cache_home(environ: Mapping[str, str]) -> Path | None:
    """The user's cache folder; a relative one is no answer, as the specification has it."""
    if sys.platform == "win32":
        named = environ.get("LOCALAPPDATA", "")
    else:
        home = environ.get("HOME", "")
        usual = ("Library/Caches" if sys.platform == "darwin" else ".cache") if home else ""
        named = environ.get("XDG_CACHE_HOME", "")
        named = named if Path(named).is_absolute() else f"{home}/{usual}" if usual else ""
    return Path(named) if Path(named).is_absolute() else None


def _ours(folder: Path) -> bool:
    """Whether it is a folder of who runs this that nobody else may write. Windows keeps others out of a profile."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _kept_by_us(base: Path) -> bool:
    """Whether nobody else can put another folder in the place of ours."""
    status = base.stat()
    if not hasattr(os, "geteuid"):
        return True
    shared = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
    return status.st_uid in (0, os.geteuid()) and not shared


def _below(folder: Path, top: Path) -> bool:
    """Whether a checkout could have brought the folder along."""
    return folder.resolve().is_relative_to(top.resolve())
