"""A remote repository, cloned into a temporary folder for one run and removed after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from lockgate.errors import SourceError, UsageError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.sources.repository.git import Git

_SCP_LIKE = lazy_pattern(r"[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^:\s][^\s]*")
_SCHEMES = ("https", "ssh", "git+ssh")


def is_address(text: str) -> bool:
    """Whether ``text`` names a repository elsewhere rather than a folder here."""
    return urlsplit(text).scheme in (*_SCHEMES, "http", "git", "file", "ext") or bool(_SCP_LIKE.fullmatch(text))


def shown(address: str) -> str:
    """The address without credentials, for people, logs and the record."""
    parts = urlsplit(address)
    if "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


@contextmanager
def cloned(address: str, *, full: bool, allow_insecure: bool = False) -> Iterator[Path]:
    """The folder of a clone; only the newest commit unless ``full``.

    Only ``https`` and ``ssh``: plain ``http`` and ``git`` can be changed on the way, ``file`` and ``ext`` reach into
    this machine. ``allow_insecure`` permits ``http`` and ``file`` (for tests and mirrors on one's own network).
    """
    import tempfile  # a check of a folder never needs it

    scheme = urlsplit(address).scheme
    allowed = (*_SCHEMES, "http", "file") if allow_insecure else _SCHEMES
    if address.startswith("-") or (scheme not in allowed and not _SCP_LIKE.fullmatch(address)):
        raise UsageError(
            f"cannot clone from a {scheme or 'strange'} address",
            where=shown(address),
            hint="give an https or ssh address, or clone it yourself and give the folder",
        )
    with tempfile.TemporaryDirectory(prefix="lockgate-clone-") as folder:
        target = Path(folder) / "clone"
        depth = [] if full else ["--depth", "1"]
        try:
            Git(Path(folder)).output("clone", "--quiet", "--no-tags", *depth, "--", address, str(target))
        except SourceError as error:
            raise SourceError(error.message.replace(address, shown(address)), where=shown(address)) from None
        yield target
