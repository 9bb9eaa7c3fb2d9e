"""Asks whoever builds an image to build it anew: GitHub, Azure DevOps, or a program of this machine.

Addresses come from the settings alone. Each is asked at an address that was checked, without redirects, with a token
that is read when it is needed. A request that may pass is made again; one that was refused is told at once.
"""

from __future__ import annotations

import logging
import os
import subprocess
from datetime import UTC, datetime
from urllib.parse import urlsplit

from lockgate.engine.registry.steps import keep_one
from lockgate.errors import ConfigurationError, LockgateError, SourceError
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import clipped, printable
from lockgate.formats.rebuild_requests import Moved, RebuildRequest, azure_run, github_dispatch
from lockgate.secrets.references import secret_of
from lockgate.settings import FILE_NAME, RebuildSettings, RegistrySettings
from lockgate.store import Record
from lockgate.store.registry.queue import State
from lockgate.store.registry.rebuilds import Rebuild, Rebuilds
from lockgate.transport import Transport, Trust, shown
from lockgate.transport.answers import TRANSIENT

_log = logging.getLogger("lockgate.registry")
MOST_ATTEMPTS = 8
_FIRST_WAIT, _LONGEST_WAIT = 10.0, 3_600.0
"""Seconds; three times as long each time."""
_SECONDS = 30.0
_COMMAND_SECONDS = 600.0
_MAX_ANSWER = 4_096


class PassingError(Exception):
    """It may go well another time."""


def check(settings: RegistrySettings) -> None:
    """Raises :class:`ConfigurationError` for a rebuild that could never be asked for: better now than at night."""
    for name, one in settings.rebuilds.items():
        where = f"{FILE_NAME}: registry.rebuilds.{name}"
        if sum((one.github is not None, one.azure is not None, bool(one.command))) != 1:
            raise ConfigurationError("one of github, azure and command is needed", where=where)
        if not one.command:
            _request(one, Moved("x", "x", "x", "x", "x", "x"), where)


def ask_next(rebuilds: Rebuilds, registry: str, settings: RegistrySettings, record: Record, trust: Trust) -> bool:
    """Take the next rebuild that is due and ask for it; whether there was one."""
    one = rebuilds.take(registry)
    if one is None:
        return False
    chosen = settings.rebuilds.get(one.name)
    try:
        if chosen is None:
            raise ConfigurationError("the rebuild is no longer in the settings", where=one.name)
        told = _ask(chosen, one, f"{FILE_NAME}: registry.rebuilds.{one.name}", trust)
    except PassingError as error:
        if one.attempts < MOST_ATTEMPTS:
            wait = min(_FIRST_WAIT * 3 ** (one.attempts - 1), _LONGEST_WAIT)
            rebuilds.put_back(one, str(error), after=wait)
            _log.warning("the rebuild of %s waits %.0f s: %s", one.image, wait, error)
            return True
        _end(rebuilds, record, one, State.DEAD, "failed", f"given up after {one.attempts} tries: {error}")
    except LockgateError as error:
        _end(rebuilds, record, one, State.DEAD, "failed", str(error))
    else:
        _end(rebuilds, record, one, State.DONE, "done", told)
    return True


def _end(rebuilds: Rebuilds, record: Record, one: Rebuild, state: State, outcome: str, detail: str) -> None:
    """The row first: written twice it is one row, and what is ended is never looked at again."""
    words = f"{one.name}: {detail} ({one.base_name} is {one.base_now})"
    once = " ".join(("rebuild", one.name, one.image, one.base_name, one.base_now))
    keep_one(record, step(one, "rebuild", outcome, words), once=once)
    rebuilds.end(one, state, detail)
    _log.log(logging.INFO if outcome == "done" else logging.ERROR, "the rebuild of %s: %s", one.image, words)


def step(one: Rebuild, name: str, outcome: str, detail: str) -> dict[str, object]:
    """A row of ``ImageSteps`` about an image whose base moved."""
    return {
        "TimeGenerated": datetime.now(UTC), "RunId": "", "Registry": one.registry, "Repository": one.repository,
        "Tag": one.tag, "ImageDigest": one.digest, "IndexDigest": "", "Cause": "base", "Step": name,
        "Outcome": outcome, "Detail": clipped(printable(detail), 1_000), "Accepted": None, "Seconds": None,
        "Attempts": one.attempts,
    }  # fmt: skip


def _ask(chosen: RebuildSettings, one: Rebuild, where: str, trust: Trust) -> str:
    moved = Moved(f"{one.registry}/{one.repository}", one.tag, one.digest, one.base_name, one.base_before, one.base_now)
    if chosen.command:
        return _run(chosen.command, moved)
    return post(_request(chosen, moved, where), trust)


def _request(chosen: RebuildSettings, moved: Moved, where: str) -> RebuildRequest:
    try:
        if chosen.github is not None:
            github = chosen.github
            return github_dispatch(
                moved, api=github.api, repository=github.repository, event=github.event,
                token=secret_of(github.token, where=f"{where}.github.token"),
            )  # fmt: skip
        azure = chosen.azure
        if azure is None:
            raise ConfigurationError("one of github, azure and command is needed", where=where)
        return azure_run(
            moved, organization=azure.organization, project=azure.project, pipeline=azure.pipeline,
            ref=azure.ref or "", token=secret_of(azure.token, where=f"{where}.azure.token"),
            parameters=azure.parameters,
        )  # fmt: skip
    except FormatError as error:
        raise ConfigurationError(error.reason, where=where) from None


def post(request: RebuildRequest, trust: Trust) -> str:
    """Make the request, whose address stands in the settings; where it was. Raises :class:`PassingError`,
    ``SourceError``. What is answered is not told beyond its status: it may echo."""
    import urllib3

    transport = Transport(urlsplit(request.address).netloc, trust)
    try:
        answer = transport.request("POST", request.address, headers=dict(request.headers), body=request.body,
                                   timeout=urllib3.Timeout(_SECONDS))  # fmt: skip
        status = int(answer.status)
        answer.read(_MAX_ANSWER)
        answer.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise PassingError(f"no answer ({type(error).__name__})") from None
    finally:
        transport.close()
    where = shown(request.address)
    if status in request.success:
        return f"asked at {where}"
    if status in TRANSIENT:
        raise PassingError(f"{where} answers {status}")
    hint = "is the token good for it, and the name right?" if status in (401, 403, 404) else ""
    raise SourceError(f"it answers {status}", where=where, hint=hint)


def _run(command: tuple[str, ...], moved: Moved) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOCKGATE_")}
    try:
        done = subprocess.run(
            command, env=environment | moved.variables(), stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=_COMMAND_SECONDS, start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PassingError(f"{command[0]} took longer than {_COMMAND_SECONDS:.0f} s") from None
    except OSError as error:
        raise SourceError(f"cannot be run: {error.strerror}", where=command[0]) from None
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise PassingError(f"{command[0]} ended with code {done.returncode}: {clipped(printable(last), 200)}")
    return f"{command[0]} ran"
