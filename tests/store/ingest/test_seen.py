"""Ids in memory: each that was added is found, none that was not, and the oldest go."""

import os
import random

from lockgate.store.ingest import seen
from lockgate.store.ingest.seen import SIZE, Seen


def _ids(count, *, alike=0):
    """``alike``: bytes that all of them begin with, so that halves meet."""
    return [bytes(alike) + os.urandom(SIZE - alike) for _ in range(count)]


def test_what_was_added_is_found_in_the_set_and_in_every_piece_and_nothing_else(monkeypatch):
    monkeypatch.setattr(seen, "_PIECE", 64)
    for alike in (0, 7, 8):  # of 8 all first halves are one
        kept, added, others = Seen(), _ids(500, alike=alike), _ids(200, alike=alike)
        at = 0
        while at < len(added):
            some = random.randrange(1, 40)
            kept.add(b"".join(added[at : at + some]), 10_000)
            at += some
        assert kept.among(added) == set(added)
        assert kept.among(others) == set()
        assert kept.among([added[3], others[0], added[-1], added[3]]) == {added[3], added[-1]}
        assert kept.among([]) == set()


def test_the_last_ids_stay_and_the_oldest_go_in_pieces(monkeypatch):
    monkeypatch.setattr(seen, "_PIECE", 64)
    kept, added = Seen(), _ids(2000)
    for at in range(0, len(added), 10):
        kept.add(b"".join(added[at : at + 10]), 300)
    assert kept.among(added[-300:]) == set(added[-300:])
    assert kept.among(added[:1500]) == set()
