"""Reading goes on where the table says it ended, wherever a process died."""

import pytest

from lockgate.engine.collect.position import Position
from lockgate.errors import StoreError


class Table:
    """Rows that were committed, each batch once."""

    def __init__(self):
        self.batches, self.rows = {}, []

    def holds(self, once):
        return self.batches.get(once[0], 0) >= once[1]

    def append(self, once, rows):
        assert not self.holds(once)
        self.batches[once[0]] = once[1]
        self.rows += rows


@pytest.fixture
def table():
    return Table()


@pytest.fixture
def opened(tmp_path, table):
    return lambda: Position(tmp_path / "place.json", table.holds)


class DeadError(Exception):
    """The process ends here."""


def test_nothing_was_read_at_first(opened):
    assert opened().value == {}


def test_what_was_committed_is_where_the_next_process_begins(opened, table):
    one = opened()
    one.commit({"at": 1}, lambda once: table.append(once, ["a"]))
    one.commit({"at": 2}, lambda once: table.append(once, ["b"]))
    assert opened().value == {"at": 2}
    opened().commit({"at": 3}, lambda once: table.append(once, ["c"]))
    assert (opened().value, table.rows) == ({"at": 3}, ["a", "b", "c"])


def test_a_death_before_the_commit_leaves_the_place_before(opened, table):
    one = opened()
    one.commit({"at": 1}, lambda once: table.append(once, ["a"]))

    def die(once):
        raise DeadError

    with pytest.raises(DeadError):
        one.commit({"at": 2}, die)
    assert opened().value == {"at": 1}


def test_a_death_after_the_commit_leaves_the_place_behind_it(opened, table):
    one = opened()

    def die(once):
        table.append(once, ["a"])
        raise DeadError

    with pytest.raises(DeadError):
        one.commit({"at": 1}, die)
    with pytest.raises(StoreError, match="may be missing"):
        one.commit({"at": 2}, lambda once: table.append(once, ["b"]))
    again = opened()
    assert again.value == {"at": 1}
    again.commit({"at": 2}, lambda once: table.append(once, ["b"]))
    assert table.rows == ["a", "b"]


def test_a_file_that_says_nothing_is_an_error(tmp_path, opened):
    (tmp_path / "place.json").write_text("[")
    with pytest.raises(StoreError, match="up to where"):
        opened()
