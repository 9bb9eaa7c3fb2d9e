"""Compiles expressions into one Hyperscan database, and keeps it where the caller says.

The kept file is bound to the expressions, the version of Hyperscan and the kind of machine by its name; what cannot be
read back is compiled again. What does not belong: matching.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lockgate.errors import ConfigurationError

_MAGIC = b"lockgate-hs1\n"
MOST_FILES = 6
"""Databases of other patterns that stay beside ours: each has a megabyte or two."""


def open_database(
    expressions: Sequence[str], *, names: Sequence[str], cache_dir: Path | None = None, once: str = ""
) -> Any:
    """A Hyperscan block database over ``expressions`` whose ids are their positions.

    That the expression ``once`` matches is told once a content, by the next id after these.
    Raises ``ConfigurationError`` that names the expression that Hyperscan refuses.
    """
    if cache_dir is None:
        return _compile(expressions, names, once)
    place = cache_dir / f"hyperscan-{digest((*expressions, once) if once else expressions)}.db"
    database = _read(place)
    if database is None:
        database = _compile(expressions, names, once)
        _keep(place, database)
    return database


def has_database(cache_dir: Path) -> bool:
    """Whether any database is kept there, most likely ours; what it holds is looked at when it is opened."""
    return next(cache_dir.glob("hyperscan-*.db"), None) is not None


def digest(expressions: Sequence[str]) -> str:
    """32 hex digits over the expressions, their order, Hyperscan's version and the machine."""
    state = hashlib.sha256(f"{_version()}\0{platform.machine()}\0{_cpu_flags()}".encode())
    for expression in expressions:
        raw = expression.encode("utf-8", "surrogatepass")
        state.update(len(raw).to_bytes(4, "big") + raw)
    return state.hexdigest()[:32]


def _version() -> str:
    import hyperscan

    stated = str(getattr(hyperscan, "__version__", "unknown"))
    if stated != "unknown":
        return stated
    from importlib.metadata import version  # slow to import

    return version("hyperscan")


def _cpu_flags() -> str:
    """A database made for AVX2 does not load elsewhere; a shared cache folder may be seen by both kinds of machine."""
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as lines:
            flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        return ""
    return " ".join(sorted({"avx2", "avx512bw", "avx512vbmi", "asimd", "sve"} & set(flags.split())))


def _read(place: Path) -> Any:
    import hyperscan

    try:
        kept = place.read_bytes()
    except OSError:
        return None
    head = len(_MAGIC) + 32
    if not kept.startswith(_MAGIC) or hashlib.sha256(kept[head:]).digest() != kept[len(_MAGIC) : head]:
        return None
    try:
        database = hyperscan.loadb(kept[head:], hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
    except hyperscan.error:
        return None
    return database


def _keep(place: Path, database: Any) -> None:
    """Writes beside the place and renames: another process sees the whole file or none. A full disk is no failure."""
    import tempfile

    import hyperscan

    body = hyperscan.dumpb(database)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=place.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(body).digest() + body)
            Path(name).replace(place)
        except OSError:
            Path(name).unlink(missing_ok=True)
        others = [one for one in place.parent.glob("hyperscan-*.db") if one != place]
        for old in sorted(others, key=lambda one: one.stat().st_mtime_ns, reverse=True)[MOST_FILES:]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _compile(expressions: Sequence[str], names: Sequence[str], once: str) -> Any:
    import hyperscan

    raw = [expression.encode("utf-8", "surrogatepass") for expression in expressions]
    last = [(once.encode(), hyperscan.HS_FLAG_SINGLEMATCH)] if once else []
    try:
        return _joined([*((one, 0) for one in raw), *last])
    except hyperscan.error:
        flags = [_flags_that_compile(one, name) for one, name in zip(raw, names, strict=True)]
    try:
        return _joined([*zip(raw, flags, strict=True), *last])
    except hyperscan.error as error:
        raise ConfigurationError(f"Hyperscan cannot join {len(raw)} patterns: {error}", where="patterns") from None


def _joined(expressions: Sequence[tuple[bytes, int]]) -> Any:
    """The database of expressions with their flags; raises ``hyperscan.error``."""
    import hyperscan

    raw, flags = zip(*expressions, strict=True)
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=raw, ids=list(range(len(raw))), elements=len(raw), flags=flags)
    return database


def _flags_that_compile(expression: bytes, name: str) -> int:
    """0, or the prefilter mode (more candidates, the same matches after RE2) for what Hyperscan cannot do exactly."""
    import hyperscan

    reason = ""
    for flags in (0, hyperscan.HS_FLAG_PREFILTER):
        try:
            _joined([(expression, flags)])
            return int(flags)
        except hyperscan.error as error:
            reason = str(error)
    raise ConfigurationError(
        f"Hyperscan refuses the pattern: {reason}",
        where=name,
        hint="a pattern needs at least one character, and no look-around or back-reference",
    )
