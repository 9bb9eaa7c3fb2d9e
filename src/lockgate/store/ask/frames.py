"""Rows between an engine and the steps in Python."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import bound, relation
from lockgate.kql.steps import Frame
from lockgate.kql.syntax import Evaluate
from lockgate.kql.types import LONG, Column
from lockgate.store.ask.engine import Form, Session
from lockgate.store.ask.foreign import reader

__all__ = ["frame_of", "keep", "keep_fields", "keep_open", "name_of", "reader"]


def frame_of(columns: Sequence[Column], rows: Sequence[tuple[object, ...]]) -> Frame:
    """Rows of an engine as a step takes them."""
    data: list[list[object]] = []
    for i, column in enumerate(columns):
        read = reader(column.type)
        data.append([row[i] for row in rows] if read is None else [read(row[i]) for row in rows])
    return Frame(tuple(columns), tuple(data))


def frame_of_values(columns: Sequence[Column], rows: Sequence[tuple[object, ...]]) -> Frame:
    """Rows of values as a frame."""
    return Frame(tuple(columns), tuple([row[i] for row in rows] for i in range(len(columns))))


def apart(frame: Frame, count: int) -> list[tuple[tuple[object, ...], Frame]]:
    """A frame by the values of its last ``count`` columns, which are left out, in the order they first come."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for i, key in enumerate(zip(*frame.data[-count:], strict=True)):
        groups.setdefault(key, []).append(i)
    own = frame.data[:-count]
    return [
        (key, Frame(frame.columns[:-count], tuple([one[i] for i in rows] for one in own)))
        for key, rows in groups.items()
    ]


def joined(cut: relation.Cut, given: Sequence[tuple[tuple[object, ...], Frame]]) -> Frame:
    """What a step gave for each part, one below the other, with what the parts are told by."""
    columns = [column for column, _ in cut.fields]
    keys = [Column(one.name, one.type) for one in cut.partition]
    data: list[list[object]] = [[] for _ in (*columns, *keys)]
    for key, frame in given:
        own = {one.name: values for one, values in zip(frame.columns, frame.data, strict=True)}
        for i, column in enumerate(columns):
            data[i] += own.get(column.name, [None] * frame.height)
        for i, value in enumerate(key, len(columns)):
            data[i] += [value] * frame.height
    return Frame((*columns, *keys), tuple(data))


def keep(session: Session, name: str, cut: relation.Cut, frame: Frame) -> None:
    """What a step gave, as a table with the names of the cut's fields."""
    fields = [*cut.fields, *((Column(one.name, one.type), one) for one in cut.partition)]
    position = (Column(cut.position.name, cut.position.type), cut.position)
    keep_fields(session, name, [*fields, position], _counted(frame, cut.position.name))


def _counted(frame: Frame, name: str) -> Frame:
    return Frame((*frame.columns, Column(name, LONG)), (*frame.data, list(range(frame.height))))


def keep_fields(session: Session, name: str, fields: Sequence[tuple[Column, Column]], frame: Frame) -> None:
    """A frame as a table: its columns by name, under the names of the fields."""
    given = {one.name: values for one, values in zip(frame.columns, frame.data, strict=True)}
    # The service's parser has columns that a step need not give (``match_id`` of scan): they are null then.
    columns = [(field, given.get(column.name, [None] * frame.height)) for column, field in fields]
    session.keep(name, columns)


def keep_open(session: Session, name: str, frame: Frame) -> Form:
    """A frame as a table of ``k0``, ``k1`` and ``position``."""
    columns = [(Column(f"k{i}", one.type), values) for i, (one, values) in enumerate(
        zip(frame.columns, frame.data, strict=True))]  # fmt: skip
    columns.append((Column("position", LONG), list(range(frame.height))))
    session.keep(name, columns)
    return name, {column.name: column.name for column, _ in columns}


def name_of(step: bound.Step) -> str:
    """What an operator or plugin is called."""
    if isinstance(step.syntax, Evaluate):
        return step.syntax.call.name.text
    return type(step.syntax).__name__
