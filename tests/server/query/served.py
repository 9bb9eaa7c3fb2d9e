"""A server in a thread over the record of a small project."""

import ssl
import threading
import time

from lockgate.server import web
from lockgate.server.access import People, add
from lockgate.server.mounts import Mount, Mounts
from lockgate.server.pages import CHALLENGE, PREFIX, PagesApp
from lockgate.server.query.app import METADATA, PREFIXES, QueryApp, Served
from lockgate.server.query.desk import Desk
from lockgate.server.tls.authority import OwnAuthority
from lockgate.store import Record
from lockgate.store.row_access import security_of
from lockgate.store.saved import Library, SavedFunctions


class Running:
    """A server in a thread."""

    def __init__(self, folder, *, secure, threads=4, workspaces=()):
        self.folder = folder
        self.access = {}
        self.tokens = folder / "tokens"
        self.token = add(self.tokens, "ana", words="may=query,functions concurrent=3")
        self.reader = add(self.tokens, "rob", words="concurrent=1 rows=10")
        self.record = Record.open(folder)
        self.library = Library.open(folder / "queries", folder)
        self.desk = Desk(self._tables, threads=threads)
        served = Served(self.desk, lambda: self.library, lambda: self.record.shapes(self._functions()),
                        workspaces=workspaces)  # fmt: skip
        self.people = People(self.tokens)
        mounts = [
            Mount(PREFIXES, QueryApp(served), "query", frozenset((METADATA,)), close=self.desk.close),
            Mount((PREFIX,), PagesApp(self.desk), "query", challenge=CHALLENGE),
        ]
        self.authority = OwnAuthority(folder / "authority", names=["127.0.0.1", "localhost"]) if secure else None
        self.port, self.failure, self.end = 0, None, None
        self.started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(Mounts(mounts, self.people.of),))
        self.thread.start()
        begun = time.monotonic()
        while not self.started.wait(0.02):
            assert self.thread.is_alive() and time.monotonic() - begun < 30, f"not started: {self.failure}"
        self.url = f"{'https' if secure else 'http'}://127.0.0.1:{self.port}"

    def _tables(self, person, since, until):
        return self.record.asked(
            since=since, until=until, memory=person.allowance.memory, functions=self._functions(),
            security=security_of(person.name, self.access),
        )  # fmt: skip

    def _functions(self):
        return SavedFunctions(self.library.functions())

    def _run(self, app):
        try:
            web.serve(app, web.Options(port=0, end_seconds=1), certificates=self.authority, started=self._begun,
                      stop=lambda end: setattr(self, "end", end))  # fmt: skip
        except BaseException as error:
            self.failure = error
            raise

    def _begun(self, port):
        self.port = port
        self.started.set()

    def context(self):
        """That trusts the server."""
        return ssl.create_default_context(cadata=self.authority.bundle())

    def close(self):
        self.end()
        self.thread.join(20)
        assert not self.thread.is_alive()
