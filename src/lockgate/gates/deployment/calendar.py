"""When deployments may begin: windows of the week and freezes, each on the clock of a zone.

A window is open at the instants at which a clock on a wall of its zone shows a time of it: where clocks are put
back, an hour that is shown twice is open twice; where they are put forward, it opens as soon as they show a later
time of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.settings import Day, Freeze, Window

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_CLOCK = lazy_pattern(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_ALL_DAY = 24 * 60
_DAYS = {day: number for number, day in enumerate(Day)}
_AHEAD = 16
"""Days that are looked through behind an instant: two weeks, since a window may fall into an hour that is left out."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A window, read."""

    days: frozenset[int]
    """From Monday, 0."""
    opens: int
    """Minutes of the day."""
    closes: int
    """Minutes of the day, or of the next where that is not after ``opens``."""
    zone: ZoneInfo

    def open_at(self, instant: datetime) -> bool:
        """Whether deployments may begin then."""
        local = instant.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        if self.closes > self.opens:
            return local.weekday() in self.days and self.opens <= minute < self.closes
        if local.weekday() in self.days and minute >= self.opens:
            return True
        return (local.weekday() - 1) % 7 in self.days and minute < self.closes

    def beginnings(self, instant: datetime) -> Iterator[datetime]:
        """Instants at which it may open, from the day before ``instant`` on."""
        first = (instant.astimezone(self.zone) - timedelta(days=1)).date()
        for ahead in range(_AHEAD + 2):
            day = first + timedelta(days=ahead)
            hour, minute = divmod(self.opens, 60)
            for fold in (0, 1):  # shown twice, or never: then the two lie around the jump
                yield datetime(day.year, day.month, day.day, hour, minute, fold=fold, tzinfo=self.zone).astimezone(UTC)
            yield from self._jump(day)

    def _jump(self, day: date) -> Iterator[datetime]:
        """The instant of a day at which clocks jump, where they do."""
        begin = datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)
        end = begin + timedelta(hours=26)
        before = begin.astimezone(self.zone).utcoffset()
        if before == end.astimezone(self.zone).utcoffset():
            return
        low, high = int(begin.timestamp()), int(end.timestamp())
        while high - low > 1:
            middle = (low + high) // 2
            at = datetime.fromtimestamp(middle, self.zone)
            low, high = (middle, high) if at.utcoffset() == before else (low, middle)
        yield datetime.fromtimestamp(high, UTC)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A freeze, read: from ``begins`` until just before ``ends``."""

    begins: datetime
    ends: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """All of an environment."""

    windows: tuple[Opening, ...] = ()
    freezes: tuple[Frozen, ...] = ()

    def frozen_by(self, instant: datetime) -> int | None:
        """Which freeze holds then; None where none does."""
        held = (number for number, one in enumerate(self.freezes) if one.begins <= instant < one.ends)
        return next(held, None)

    def open_at(self, instant: datetime) -> bool:
        """Whether a window is open then, freezes aside."""
        return not self.windows or any(one.open_at(instant) for one in self.windows)

    def allows(self, instant: datetime) -> bool:
        """Whether a deployment may begin then."""
        return self.open_at(instant) and self.frozen_by(instant) is None

    def next_allowed(self, instant: datetime) -> datetime | None:
        """The first instant from ``instant`` on at which a deployment may begin; None where there is none in sight."""
        anchors = [instant, *(one.ends for one in self.freezes if one.ends > instant)]
        moments = {*anchors, *(at for one in self.windows for anchor in anchors for at in one.beginnings(anchor))}
        return next((at for at in sorted(moments) if at >= instant and self.allows(at)), None)


def read(windows: Sequence[Window], freezes: Sequence[Freeze], *, where: str) -> Calendar:
    """The calendar of an environment; ``where`` names its settings. Raises :class:`ConfigurationError`."""
    return Calendar(
        tuple(_opening(one, f"{where}.windows[{number}]") for number, one in enumerate(windows)),
        tuple(_frozen(one, f"{where}.freezes[{number}]") for number, one in enumerate(freezes)),
    )


def _opening(one: Window, where: str) -> Opening:
    zone = zone_of(one.zone, where)
    opens, closes = _minutes(one.opens, f"{where}.opens"), _minutes(one.closes, f"{where}.closes")
    if opens == _ALL_DAY:
        raise ConfigurationError("a window opens before the end of the day", where=f"{where}.opens")
    return Opening(frozenset(_DAYS[day] for day in one.days), opens, closes, zone)


def _frozen(one: Freeze, where: str) -> Frozen:
    zone = zone_of(one.zone, where)
    begins, ends = _instant(one.begins, zone, f"{where}.begins"), _instant(one.ends, zone, f"{where}.ends", end=True)
    if ends <= begins:
        raise ConfigurationError("the freeze ends before it begins", where=where)
    return Frozen(begins, ends, one.why or "")


def zone_of(name: str, where: str) -> ZoneInfo:
    """The zone of that name. Raises :class:`ConfigurationError`."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # ZoneInfoNotFoundError is a KeyError
        hint = "a name of the tz database, Europe/Amsterdam; this machine needs that database (package tzdata)"
        reason = f"there is no time zone {name[:100]!r} here"
        raise ConfigurationError(reason, where=f"{where}.zone", hint=hint) from None


def _minutes(text: str, where: str) -> int:
    if text == "24:00":
        return _ALL_DAY
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ConfigurationError(f"{text[:20]!r} is no time of day", where=where, hint="HH:MM, 09:30")
    return int(found[1]) * 60 + int(found[2])


def _instant(text: str, zone: ZoneInfo, where: str, *, end: bool = False) -> datetime:
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        told = None
    if told is None or told.tzinfo is not None:
        hint = "2026-12-20, or 2026-12-20T18:00, on the clock of the zone"
        raise ConfigurationError(f"{text[:40]!r} is no day or time", where=where, hint=hint)
    if end and len(text) == len("2026-12-20"):
        told += timedelta(days=1)
    return told.replace(tzinfo=zone).astimezone(UTC)
