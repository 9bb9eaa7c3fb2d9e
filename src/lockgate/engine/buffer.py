"""One buffer of an editor: a path and what stands in it now, saved or not, judged like any file.

The same scan with a source of one file, so that an editor cannot say anything else than a check. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field, replace

from lockgate.dataclass import dataclass
from lockgate.engine.request import Request
from lockgate.engine.scan import scan
from lockgate.gates import Gate
from lockgate.model import File, Result, Skip
from lockgate.rules import Rulebook
from lockgate.scanners import no_sibling, nothing_below
from lockgate.sources import Wants


@dataclass(frozen=True, slots=True)
class BufferSource:
    """One file whose content is at hand."""

    path: str
    """Relative to the project, with forward slashes."""
    content: bytes = field(repr=False)
    others: Callable[[str], bytes | None] = no_sibling
    """Other files of the project, as they are saved or in other buffers."""
    below: Callable[[str], tuple[str, ...]] = nothing_below
    """Paths of the project's files below a folder."""
    mode: str = field(default="buffer", init=False)

    @property
    def root(self) -> str:
        """The path."""
        return self.path

    def collect(self, wants: Wants) -> Iterator[File | Skip]:
        """The one file, if anybody wants it."""
        if wants(self.path, len(self.content)):
            yield File(self.path, len(self.content), lambda: self.content)

    def sibling(self, path: str) -> bytes | None:
        """Another file; the buffer itself under its own path."""
        return self.content if path == self.path else self.others(path)


def judge_buffer(source: BufferSource, rules: Rulebook, gate: Gate, *, request: Request | None = None) -> Result:
    """What ``rules`` say of the buffer: findings with their places and fixes, skips, and the gate's decision.

    ``request.cache_dir`` keeps compiled rules from one call to the next. A buffer is a part of its project, so nothing
    counts as fixed for not being in it.
    """
    asked = request or Request()
    told: list[Result] = []
    scan([source], rules, gate, store=None, ledger=None, request=replace(asked, partial=True, tell=told.append))
    return told[0]
