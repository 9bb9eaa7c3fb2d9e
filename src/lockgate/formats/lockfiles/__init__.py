"""Lock and manifest readers: one format a module, under ``READER``.

A reader promises: it never raises on any input (what it cannot read becomes a Skip with a reason), takes time and
memory linear in its input, and never runs or fetches anything. The readers are imported when the first path is asked
about, so importing this package costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import cache

from lockgate.dataclass import dataclass
from lockgate.discover import entry_points
from lockgate.model import Component, Edit, Skip, SkipKind
from lockgate.prepared import prepared

MAX_BYTES = 64 * 1024 * 1024
"""A larger lock file is a Skip."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file gave."""

    components: tuple[Component, ...] = ()
    skips: tuple[Skip, ...] = ()
    covers: tuple[str, ...] = ()
    """Further folders (relative to the tree, no slash at the end) whose manifests this lock resolves: workspaces."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One format."""

    ecosystem: str
    """OSV's name of the ecosystem."""
    matches: Callable[[str], bool]
    """Whether the reader wants the file of that path (relative, forward slashes). Cheap: asked for every file."""
    read: Callable[[str, bytes, Callable[[str], bytes | None]], Reading]
    """``read(path, content, sibling)``; ``sibling(relative path)`` gives another file of the same tree, or None:
    for ``-r base.txt``, a ``package.json`` beside its lock, a parent ``pom.xml``. May raise ``FormatError``, which
    :func:`read` of this package turns into a Skip."""
    lock: bool = True
    """False for a manifest, whose components give way to those of a lock of the same ecosystem in the same folder."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Facts for ``lockgate doctor`` and the generated reference page."""


@dataclass(frozen=True, slots=True)
class Named:
    """A ``matches`` for files of exactly these names, in any folder; ``wants`` asks all of them at once."""

    names: frozenset[str]

    def __call__(self, path: str) -> bool:
        return path[path.rfind("/") + 1 :] in self.names


def named(*names: str) -> Named:
    """A ``matches`` for files of exactly these names, in any folder."""
    return Named(frozenset(names))


@dataclass(frozen=True, slots=True)
class Ending:
    """A ``matches`` for some of the files whose path ends in one of these ways, and of no others."""

    endings: tuple[str, ...]
    test: Callable[[str], bool] = lambda path: True
    """Which of them."""

    def __call__(self, path: str) -> bool:
        return path.endswith(self.endings) and self.test(path)


@cache
def readers() -> dict[str, Reader]:
    """Every reader by module name, those of entry points after ours."""
    import lockgate.formats.lockfiles as package
    from lockgate.discover import discover

    return discover(package, "READER", Reader)


def wants(path: str) -> bool:
    """Whether some reader wants the file of that path (relative, forward slashes)."""
    known = _endings()
    if known is not None and not path.endswith(known):
        return False
    names, others = _questions()
    if path[path.rfind("/") + 1 :] in names:
        return True
    for matches in others:  # noqa: SIM110 - asked for every file of a tree, and a generator doubles the cost
        if matches(path):
            return True
    return False


@cache
def _questions() -> tuple[frozenset[str], tuple[Callable[[str], bool], ...]]:
    """All exact names, and the ``matches`` of readers that ask for more than a name."""
    asked = [reader.matches for reader in readers().values()]
    names = frozenset(name for matches in asked if isinstance(matches, Named) for name in matches.names)
    return names, tuple(matches for matches in asked if not isinstance(matches, Named))


@cache
def _endings() -> tuple[str, ...] | None:
    """Ends of all paths that any reader wants, where they are known without importing the readers; else None."""
    made = prepared("readers")
    if made is None or entry_points(__name__):
        return None
    return made.LOCKFILES  # type: ignore[no-any-return]


def endings() -> tuple[str, ...]:
    """Ends of all paths that any reader of ours wants."""
    found: set[str] = set()
    for name, reader in readers().items():
        if isinstance(reader.matches, Named):
            found |= reader.matches.names
        elif isinstance(reader.matches, Ending):
            found |= set(reader.matches.endings)
        else:
            raise TypeError(f"the paths that {name!r} wants end in no known way: use Named or Ending")
    return tuple(sorted(found))


def reader_of(path: str) -> Reader | None:
    """The first reader, in name order, that wants the file."""
    return next((reader for reader in readers().values() if reader.matches(path)), None)


def read(path: str, content: bytes, sibling: Callable[[str], bytes | None]) -> Reading:
    """What the file states. Never raises: what cannot be read is a Skip of the family ``dependencies``.

    ``sibling(path relative to the tree)`` gives another file's content, or None.
    """
    from lockgate.formats.format_error import FormatError
    from lockgate.formats.lockfiles._text import conflict_line

    reader = reader_of(path)
    if reader is None:
        return _skipped(path, SkipKind.UNSUPPORTED, "no reader knows this file")
    if len(content) > MAX_BYTES:
        return _skipped(path, SkipKind.TOO_LARGE, f"larger than {MAX_BYTES} bytes")
    if reader.lock and not content.strip(b" \t\r\n\0"):
        return _skipped(path, SkipKind.MALFORMED, "an empty lock file")
    line = conflict_line(content)
    if line:
        return _skipped(path, SkipKind.MALFORMED, "an unresolved merge conflict", line)
    try:
        return reader.read(path, content, sibling)
    except FormatError as error:
        return _skipped(path, error.kind, error.reason, error.line)
    except RecursionError:
        return _skipped(path, SkipKind.TOO_LARGE, "nested too deeply")


def merge(readings: Iterable[tuple[str, Reading]]) -> Reading:
    """One reading from those of many files, given as ``(path, reading)``.

    What a manifest states, its unresolved ranges included, gives way to a lock of the same ecosystem that has
    components, in the same folder or covering it; its other skips stay.
    """
    pairs = list(readings)
    locked: set[tuple[str, str]] = set()
    for path, reading in pairs:
        reader = reader_of(path)
        if reader is not None and reader.lock and (reading.components or not reading.skips):
            folders = {path.rpartition("/")[0], *reading.covers}
            locked.update((reader.ecosystem, folder) for folder in folders)
    components: list[Component] = []
    skips: list[Skip] = []
    for path, reading in pairs:
        reader = reader_of(path)
        gives_way = reader is not None and not reader.lock and (reader.ecosystem, path.rpartition("/")[0]) in locked
        if not gives_way:
            components.extend(reading.components)
        skips.extend(skip for skip in reading.skips if not (gives_way and skip.kind is SkipKind.UNRESOLVED))
    return Reading(tuple(components), tuple(skips))


def manifest_edit(path: str, content: bytes, component: Component, new_version: str) -> Edit | None:
    """The edit that raises ``component`` to ``new_version`` in a manifest, or None where that is not safe."""
    from lockgate.formats.lockfiles._edit import edit_of

    return edit_of(path, content, component, new_version)


def _skipped(path: str, kind: SkipKind, reason: str, line: int = 0) -> Reading:
    return Reading((), (Skip(path, kind, reason, "dependencies", line),))
