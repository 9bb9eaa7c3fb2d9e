"""A server in a thread that takes rows in by every way, and what a test asks of its record."""

import threading
import time
from functools import partial

from lockgate.errors import StoreError
from lockgate.server import web
from lockgate.server.access import People, add
from lockgate.server.ingest.shared_key import key_of
from lockgate.server.ingest.taking import Taker
from lockgate.server.ingest.ways import ways_in
from lockgate.server.mounts import Mounts
from lockgate.server.tls.authority import OwnAuthority
from lockgate.sources.cluster.audited import cleaned
from lockgate.store import Record
from lockgate.store.ask import ask
from lockgate.store.ingest import Collected, Loader, Times

SALT = b"salt of a test"


class Served:
    """Takes rows in for ana, who may send, and rob, who may ask alone."""

    def __init__(self, folder, *, secure=False, rules=None, **more):
        self.rules = rules
        self.record = Record.open(folder)
        self.broken = False
        self.folder = folder
        self.token = add(folder / "tokens", "ana", words="may=ingest")
        self.reader = add(folder / "tokens", "rob")
        people = People(folder / "tokens")
        self.key = key_of(people.named("ana")[0], SALT)
        self.taker = Taker(folder / "incoming", self._loader, **more)
        collected = Collected(self.record)
        clean = partial(cleaned, salt=SALT)
        self.authority = OwnAuthority(folder / "authority", names=["localhost"]) if secure else None
        self.port, self.end, self.started = 0, None, threading.Event()
        self.listeners = self.listening()
        app = Mounts(self.mounts(collected, people, clean), people.of, listeners=self.listeners)
        self.thread = threading.Thread(target=self._run, args=(app,))
        self.thread.start()
        assert self.started.wait(30)
        self.url = f"{'https' if secure else 'http'}://localhost:{self.port}"

    def mounts(self, collected, people, clean):
        return ways_in(self.taker, collected, people, salt=SALT, clean=clean, rules=self.rules)

    def listening(self):
        return []

    def _loader(self, table, origin):
        if self.broken:
            raise StoreError("the disk is full")
        clean = partial(cleaned, salt=SALT)
        through = self.rules.transformation(origin) if self.rules is not None else None
        return Loader(
            Collected(self.record), table, times=Times.SERVICE, origin=origin, clean=clean, transformation=through
        )

    def _run(self, app):
        def begun(port):
            self.port = port
            self.started.set()

        options = web.Options(host="localhost", port=0, end_seconds=10)
        web.serve(app, options, certificates=self.authority, started=begun,
                  stop=lambda end: setattr(self, "end", end))  # fmt: skip

    @property
    def bearer(self):
        return {"authorization": f"Bearer {self.token}"}

    def ask(self, query):
        """Rows of a query; none while its table is not there."""
        tables = self.record.asked()
        try:
            return ask(query, tables).rows
        except Exception:
            return []
        finally:
            tables.connection.close()

    def until(self, query, wanted, seconds=20.0):
        """Wait until the query gives these rows."""
        begun = time.monotonic()
        while (found := self.ask(query)) != wanted:
            assert time.monotonic() - begun < seconds, found
            time.sleep(0.05)

    def wait(self, condition, seconds=20.0):
        """Wait until that holds."""
        begun = time.monotonic()
        while not condition():
            assert time.monotonic() - begun < seconds
            time.sleep(0.05)

    def close(self):
        self.end()
        self.thread.join(30)
        assert not self.thread.is_alive()
