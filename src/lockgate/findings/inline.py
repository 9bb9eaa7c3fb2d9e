"""Waivers written as comments in the code they accept.

The mark ``lockgate:waive``, then ``rule=<id> by=<person> reason="..." expires=YYYY-MM-DD``, in any comment syntax,
behind the line or on a line of its own above it. Instead of ``rule`` an ``identity`` or an ``alias`` may be named. The
mark in quotes is prose about waivers. Pure and linear.
"""

from __future__ import annotations

from lockgate.findings._fields import DEMANDED, TARGETS, waiver_from
from lockgate.lazy_pattern import lazy_pattern
from lockgate.store.waiver import Waiver

MARK = b"lockgate:waive"
MAX_WAIVERS = 1_000
"""Waivers read from one file."""
_MAX_LINE = 2_000
_PAIR = lazy_pattern(
    r"""([A-Za-z]{1,20})=(?:"([^"]{0,500})"|'([^']{0,500})'|([^\s"']{1,500}?))(?=\s|$|\*/|-->|[>)}\]])"""
)
_BEGINS = lazy_pattern(r"\s|$")
_INLINE_KEYS = (*TARGETS, *DEMANDED)


def inline_waivers(path: str, content: bytes) -> tuple[Waiver, ...]:
    """The waivers in ``content``; a wrong one is there too, with its ``problem``, and covers nothing."""
    if MARK not in content:
        return ()
    lines = content.splitlines()
    found: list[Waiver] = []
    for number, raw in enumerate(lines, 1):
        start = raw.find(MARK)
        if start < 0:
            continue
        if len(found) == MAX_WAIVERS:
            break
        text = raw[start + len(MARK) : start + _MAX_LINE].decode("utf-8", "replace")
        if not _BEGINS.match(text):
            continue
        target = _next_code_line(lines, number) if _stands_alone(raw[:start]) else number
        found.append(_waiver(path, text, number, target=target))
    return tuple(found)


def _waiver(path: str, text: str, number: int, *, target: int) -> Waiver:
    values: dict[str, str] = {}
    problem = ""
    for match in _PAIR.finditer(text):
        key = match[1].lower()
        value = match[2] or match[3] or match[4] or ""
        if key in values:
            problem = problem or f"{key!r} stands twice"
        values[key] = value
    return waiver_from(values, allowed=_INLINE_KEYS, where=f"{path}:{number}", path=path, line=target, problem=problem)


def _stands_alone(before: bytes) -> bool:
    """Nothing but comment signs and blanks stands before the mark."""
    text = before.strip().lower()
    return not text.strip(b"#/*-;<!%\"'(){}|., \t") or text in (b"rem", b"::", b"dnl")


def _next_code_line(lines: list[bytes], number: int) -> int:
    """The first line below that is neither empty nor another waiver, so that waivers may be stacked."""
    for offset in range(number, min(len(lines), number + 20)):
        if lines[offset].strip() and MARK not in lines[offset]:
            return offset + 1
    return number + 1
