"""Plugins that count who is there, window by window. Different identities are counted exactly.

Windows begin at ``start`` and follow until ``end``, which counts still. Windows in which nobody is there give no row.
Source: the public documentation of each plugin; where it only shows examples, what these show.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Hashable, Iterator
from math import nan

from lockgate.kql import bound
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, Run, framed
from lockgate.kql.steps.evaluation import bounded, keyed
from lockgate.kql.steps.plugins import windows as on_timeline
from lockgate.kql.steps.plugins.arguments import Arguments, columns_of
from lockgate.kql.steps.plugins.windows import Series, Windows, series, sets

Row = tuple[object, ...]
MAX_ROWS = 5_000_000
"""Most rows of a result."""


def _share(part: int, whole: int) -> float:
    return part / whole if whole else nan


def counts_metrics(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``activity_counts_metrics``: rows, identities, new ones, and all up to the window."""
    given = Arguments(step, frames, context)
    windows = on_timeline.of(given, "step")
    found: list[Row] = []
    for one in series(given):
        counts = Counter(windows.place(time) for time, _, _ in one.rows)
        seen: set[Hashable] = set()
        for place, who in sets(windows, one.rows).items():
            new = len(who - seen)
            seen |= who
            found.append((windows.begins[place], *one.dimensions, counts[place], len(who), new, len(seen)))
    return framed(columns_of(step), found)


def metrics(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``activity_metrics``: each window against the one before it."""
    given = Arguments(step, frames, context)
    if "step" not in given.values:  # the short form has the window in the place of the start
        given.values["step"] = given.values.pop("end", given.values.get("start", []))
        given.values.pop("start", None)
    windows = on_timeline.of(given, "step")
    found: list[Row] = []
    for one in series(given):
        there = sets(windows, one.rows)
        for place, who in there.items():
            before = there.get(place - 1, set())
            back = len(who & before)
            retention = _share(back, len(before))
            shown = (len(who), len(who) - back, retention, 1 - retention)
            found.append((windows.begins[place], *one.dimensions, *shown))
    return framed(columns_of(step), found)


def engagement(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``activity_engagement``: who is there in a window, against who was within a longer time up to its end."""
    given = Arguments(step, frames, context)
    windows = on_timeline.of(given, "inner_activity_window")
    inner, outer = given.positive("inner_activity_window"), given.positive("outer_activity_window")
    found: list[Row] = []
    for one in series(given):
        there = sets(windows, one.rows)
        places = list(there)
        inside = Series(one.dimensions, [row for row in one.rows if row[0] <= windows.last])
        for i, (_, longer) in _sliding(inside, [windows.begins[place] + inner for place in places], outer):
            begin, who = windows.begins[places[i]], len(there[places[i]])
            found.append((begin, *one.dimensions, who, longer, _share(who, longer)))
    return framed(columns_of(step), found)


def _sliding(one: Series, ends: list[float], length: float) -> Iterator[tuple[int, tuple[int, int]]]:
    """For each end of a window its number, and how many rows and identities the time of ``length`` before it has."""
    inside: deque[tuple[float, Hashable]] = deque()
    there: Counter[Hashable] = Counter()
    at = 0
    for i, end in enumerate(ends):
        while at < len(one.rows) and one.rows[at][0] < end:
            inside.append(one.rows[at][:2])
            there[one.rows[at][1]] += 1
            at += 1
        while inside and inside[0][0] < end - length:
            _, who = inside.popleft()
            there[who] -= 1
            if not there[who]:
                del there[who]
        yield i, (len(inside), len(there))


def sliding_counts(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``sliding_window_counts``: rows and identities of a time up to the end of each window."""
    given = Arguments(step, frames, context)
    windows = on_timeline.of(given, "step")
    width, length = given.positive("step"), given.positive("look_back_window")
    found: list[Row] = []
    for one in series(given):
        inside = Series(one.dimensions, [row for row in one.rows if row[0] <= windows.last])
        for place, (rows, who) in _sliding(inside, [begin + width for begin in windows.begins], length):
            if rows:
                found.append((windows.begins[place], *one.dimensions, rows, who))
    return framed(columns_of(step), found)


def active_users(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``active_users_count``: who was there in enough periods of a time up to some moment of the window."""
    given = Arguments(step, frames, context)
    windows = on_timeline.of(given, "step")
    length, period = given.positive("lookback_window"), given.positive("period")
    least, start = given.number("active_periods"), given.number("start")
    found: list[Row] = []
    for one in series(given):
        periods: dict[Hashable, list[float]] = {}
        active: dict[int, set[Hashable]] = {}
        for time, who, _ in one.rows:
            begin = start + (time - start) // period * period
            own = periods.setdefault(who, [])
            if not own or own[-1] != begin:
                own.append(begin)
            place = windows.place(time)
            if place >= 0 and len(own) - bisect_right(own, begin - length) >= least:
                active.setdefault(place, set()).add(who)
        found += [(windows.begins[place], *one.dimensions, len(active[place])) for place in sorted(active)]
    return framed(columns_of(step), found)


def session_count(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``session_count``: how many sessions begin in each window: someone is there who was not for a time before.

    Windows begin at multiples of their length and not at the start, and an absence as long as the time before begins a
    session: both as a real engine's answer to the documented query has them.
    """
    given = Arguments(step, frames, context)
    windows = on_timeline.of(given, "bin", whole=True)
    length = given.positive("look_back_window")
    found: list[Row] = []
    for one in series(given):
        last: dict[Hashable, float] = {}
        begun: Counter[int] = Counter()
        for time, who, _ in one.rows:
            place = windows.place(time)
            if place < 0 or time < windows.first:
                continue
            if who not in last or time - last[who] >= length:
                begun[place] += 1
            last[who] = time
        found += [(windows.begins[place], *one.dimensions, begun[place]) for place in sorted(begun)]
    return framed(columns_of(step), found)


def new_metrics(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``new_activity_metrics``: those who came first in one window, and whether they are there in later ones."""
    given = Arguments(step, frames, context)
    windows = on_timeline.of(given, "window")
    cohort = given.constant("cohort")
    known = _looked_back(given)
    found: list[Row] = []
    for one in series(given):
        there = sets(windows, [row for row in one.rows if row[1] not in known])
        found += list(_cohorts(windows, there, cohort, one.dimensions))
        bounded(len(found), MAX_ROWS, "rows of new_activity_metrics")
    return framed(columns_of(step), found)


def _cohorts(
    windows: Windows, there: dict[int, set[Hashable]], cohort: object, dimensions: Row
) -> Iterator[Row]:
    seen: set[Hashable] = set()
    wanted = windows.place(cohort) if isinstance(cohort, int | float) else None
    for place in range(len(windows.begins)):
        new = there.get(place, set()) - seen
        before = seen
        seen = seen | new
        if not new or (wanted is not None and place != wanted):
            continue
        for later in range(place, len(windows.begins)):
            who = there.get(later, set())
            fresh = len(who - (before if later == place else seen))
            kept = len(new & who)
            retention = kept / len(new)
            ends = (windows.begins[place], windows.begins[later])
            yield (*ends, *dimensions, fresh, kept, len(new) - kept, retention, (len(new) - kept) / len(new))


def _looked_back(given: Arguments) -> set[Hashable]:
    """Who was there before, by the table that says so: its column of the identity's name, else its last."""
    if not given.tables:
        return set()
    table = given.tables[0]
    own = given.value("id_column")
    name = own.column.name if isinstance(own, bound.Use) else ""
    data = next((one for column, one in zip(table.columns, table.data, strict=True) if column.name == name), None)
    data = table.data[-1] if data is None and table.data else data
    return set(keyed([data], [given.type("id_column")], len(data))) if data is not None else set()


PLUGINS: dict[str, Run] = {
    "activity_counts_metrics": counts_metrics,
    "activity_metrics": metrics,
    "activity_engagement": engagement,
    "sliding_window_counts": sliding_counts,
    "active_users_count": active_users,
    "session_count": session_count,
    "new_activity_metrics": new_metrics,
}
