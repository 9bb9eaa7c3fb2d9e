"""Plugins that look for sequences of events: ``sequence_detect``, ``funnel_sequence`` and ``..._completion``."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Sequence

from lockgate.kql import bound
from lockgate.kql.convert import read_span
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, Run, framed
from lockgate.kql.steps.evaluation import bounded, grouped, keyed
from lockgate.kql.steps.plugins import windows as on_timeline
from lockgate.kql.steps.plugins.arguments import Arguments, columns_of
from lockgate.kql.steps.plugins.windows import Windows, series
from lockgate.kql.text import text_of
from lockgate.kql.types import STRING

Row = tuple[object, ...]
MAX_SEQUENCES = 1_000_000
"""Most sequences that are found, those on the way included."""
MAX_SAMPLES = 128
"""Most identities that are shown of a row, as in the service."""


def detect(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``sequence_detect``: every way in which rows meet the conditions one after another, near enough in time."""
    given = Arguments(step, frames, context)
    near, span = given.number("max_seqeunce_step_window"), given.number("max_sequence_span")
    times, conditions = given.column("timeline_column"), given.columns("expr")
    dimensions = given.columns("dimension")
    found: list[Row] = []
    for members in grouped(keyed(dimensions, given.types("dimension"), len(times))).values():
        steps: list[list[int]] = [
            sorted({times[i] for i in members if one[i] is True and times[i] is not None})  # type: ignore[misc]
            for one in conditions
        ]
        shared = tuple(one[members[0]] for one in dimensions)
        for way in _ways(steps, near, span, len(found)):
            found.append((*shared, *way, way[-1] - way[0]))
    return framed(columns_of(step), found)


def _ways(steps: Sequence[list[int]], near: int, span: int, before: int) -> list[tuple[int, ...]]:
    ways: list[tuple[int, ...]] = [(one,) for one in steps[0]]
    for moments in steps[1:]:
        longer: list[tuple[int, ...]] = []
        for way in ways:
            last = min(way[-1] + near, way[0] + span)
            chosen = moments[bisect_right(moments, way[-1]) : bisect_right(moments, last)]
            bounded(before + len(longer) + len(chosen), MAX_SEQUENCES, "sequences")
            longer += [(*way, one) for one in chosen]
        ways = longer
    return ways


class _Events:
    """The states of one identity, in order of time."""

    __slots__ = ("states", "times", "who")

    def __init__(self, who: object) -> None:
        self.who = who
        self.times: list[float] = []
        self.states: list[Hashable] = []


def _events(given: Arguments, states: list[object], windows: Windows) -> list[_Events]:
    ids = given.column("id_column")
    keys = keyed([states], [given.type("state_column")], len(states))
    found: dict[Hashable, _Events] = {}
    for one in series(given):
        for time, who, i in one.rows:
            if windows.place(time) >= 0:
                own = found.setdefault(who, _Events(ids[i]))
                own.times.append(time)
                own.states.append(keys[i][0])  # type: ignore[index]
    return list(found.values())


def _sequence(given: Arguments) -> list[object]:
    found = given.constant("sequence")
    if not isinstance(found, list) or not found:
        raise EvaluationError(f"'{given.name}' takes a sequence of one state or more.")
    return found


def funnel(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``funnel_sequence``: what comes right before and right after a sequence. Of the service's three tables this is
    the first, from which the others follow by ``summarize``."""
    given = Arguments(step, frames, context)
    windows, near = on_timeline.of(given, "step"), given.number("max_window_size_between_steps")
    wanted = _sequence(given)
    count = len(wanted)
    none = "" if given.type("state_column") is STRING else None
    found: dict[tuple[int, Hashable, Hashable], dict[Hashable, object]] = {}
    for one in _events(given, given.column("state_column"), windows):
        for i in range(len(one.states) - count + 1):
            if one.states[i : i + count] != wanted:
                continue
            if any(one.times[j + 1] - one.times[j] > near for j in range(i, i + count - 1)):
                continue
            before = one.states[i - 1] if i and one.times[i] - one.times[i - 1] <= near else none
            end = i + count
            follows = end < len(one.states) and one.times[end] - one.times[end - 1] <= near
            after = one.states[end] if follows else none
            key = (windows.place(one.times[i]), before, after)
            found.setdefault(key, {})[id(one)] = one.who
    rows: list[Row] = [
        (windows.begins[place], before, after, len(who), list(who.values())[:MAX_SAMPLES])
        for (place, before, after), who in found.items()
    ]
    rows.sort(key=lambda row: (row[0], -row[3], str(row[1]), str(row[2])))  # type: ignore[operator]
    return framed(columns_of(step), rows)


def completion(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``funnel_sequence_completion``: how many get how far in a sequence, within each of several times."""
    given = Arguments(step, frames, context)
    windows, wanted = on_timeline.of(given, "bin_size"), _sequence(given)
    write = text_of(given.type("state_column"))
    periods = [_span(one) for one in _listed(given)]
    reached: dict[tuple[int, int, int], set[int]] = {}
    for one in _events(given, given.column("state_column"), windows):
        places = {state: [i for i, own in enumerate(one.states) if own == state] for state in set(wanted)}
        for begin in places[wanted[0]]:
            at, start = begin, one.times[begin]
            window = windows.place(start)
            for level, state in enumerate(wanted):
                if level:
                    own = places[state]
                    next_ = bisect_left(own, at + 1)
                    if next_ == len(own):
                        break
                    at = own[next_]
                for p, period in enumerate(periods):
                    if one.times[at] - start <= period:
                        reached.setdefault((window, p, level), set()).add(id(one))
    seen = sorted({window for window, _, _ in reached})
    rows: list[Row] = [
        (windows.begins[window], write(state), period, len(reached.get((window, p, level), ())))
        for window in seen
        for p, period in enumerate(periods)
        for level, state in enumerate(wanted)
    ]
    return framed(columns_of(step), rows)


def _listed(given: Arguments) -> list[object]:
    found = given.constant("max_sequence_periods")
    if not isinstance(found, list):
        raise EvaluationError("funnel_sequence_completion takes an array of timespans.")
    return found


def _span(value: object) -> int:
    found = read_span(value) if isinstance(value, str) else value
    if isinstance(found, bool) or not isinstance(found, int):
        raise EvaluationError("funnel_sequence_completion takes an array of timespans.")
    return found


PLUGINS: dict[str, Run] = {
    "sequence_detect": detect,
    "funnel_sequence": funnel,
    "funnel_sequence_completion": completion,
}
