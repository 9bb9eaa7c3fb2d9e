"""A console that listens, for clients that are no part of these tests: browsers, the command line."""

import contextlib
import socket
import threading
import time
from dataclasses import replace

import uvicorn

from lockgate.server.console.application import application
from lockgate.server.console.signed_in import identify
from lockgate.server.sign_in.house import House
from lockgate.settings import PeopleSettings
from lockgate.store.team.sealing import Seal


@contextlib.contextmanager
def listening(services, folder):
    """The house of a server on loopback, reached by the name that passkeys need."""
    free = socket.create_server(("127.0.0.1", 0))
    origin = f"http://localhost:{free.getsockname()[1]}"
    made = House(services.database, PeopleSettings, Seal(b"k" * 32), origin=origin, project=folder)
    app = application(replace(services, identify=identify(made), more={House: made}, origin=origin))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=lambda: server.run([free]))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield made
    finally:
        server.should_exit = True
        thread.join()
        free.close()
