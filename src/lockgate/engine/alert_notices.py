"""Tells somebody of new alerts: notices wait in a file until the address of the settings has taken them.

Before a run begins its id is put down; who finds one there after a stop asks the record whether that run was stored,
and what it found. So an alert is told by who stored its run, and is not lost between both. A notice that was sent while
the process died is sent once more, under the same id. Held by one process at a time, by the lock of ``alerting``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.engine.alert_memory import new_of
from lockgate.engine.registry.rebuilding import MOST_ATTEMPTS, PassingError, post
from lockgate.errors import ConfigurationError, LockgateError, StoreError
from lockgate.formats.alert_notices import body_of, signed
from lockgate.formats.format_error import FormatError
from lockgate.secrets.references import secret_of
from lockgate.settings import FILE_NAME
from lockgate.transport import Trust

if TYPE_CHECKING:
    from lockgate.settings import NoticeSettings
    from lockgate.store import Record

_WHERE = f"{FILE_NAME}: alerts.notice"
_MOST_ALERTS = 100
"""Of one notice."""
_MOST_WAITING = 1_000
"""Notices; of more the oldest are dropped, and told in the log."""
_FIRST_WAIT, _LONGEST_WAIT = 10.0, 3_600.0
"""Seconds; three times as long each time."""
_log = logging.getLogger("lockgate.alerts")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One notice."""

    id: str
    body: str
    attempts: int = 0
    due: float = 0.0
    """Seconds since 1970."""


def check(settings: NoticeSettings) -> None:
    """Raises :class:`ConfigurationError` for a notice that could never be sent: better now than at night."""
    _request(settings, _Waiting("x", "{}"), 0)


class Notices:
    """Those of a workspace."""

    def __init__(self, path: Path, settings: NoticeSettings, trust: Trust) -> None:
        """``path``: the file they wait in. Raises :class:`StoreError` when it cannot be read."""
        self._path, self._settings, self._trust = path, settings, trust
        self.sent = 0
        """Notices that were taken."""
        try:
            held: dict[str, Any] = orjson.loads(path.read_bytes()) if path.exists() else {}
            self._begun = str(held.get("begun", ""))
            self._waiting = [_Waiting(**one) for one in held.get("waiting", ())]
        except (OSError, ValueError, TypeError, AttributeError) as error:
            hint = "what waits in it is lost when it is removed"
            raise StoreError(f"cannot be read: {type(error).__name__}", where=str(path), hint=hint) from None

    def __len__(self) -> int:
        return len(self._waiting)

    def begin(self, record: Record, run: str) -> None:
        """A run of that id is about to begin; one that had begun before is brought to its end."""
        if self._begun:
            self.end(record)
        self._begun = run
        self._write()

    def end(self, record: Record) -> None:
        """What the run that had begun found new waits from now on; nothing where another was quicker. Raises
        :class:`StoreError`."""
        run = self._begun
        if not run:
            return
        self._waiting += _notices(new_of(record, run), run)
        if (over := len(self._waiting) - _MOST_WAITING) > 0:
            _log.error("%d notices of alerts are dropped: %d wait", over, _MOST_WAITING)
            del self._waiting[:over]
        self._begun = ""
        self._write()

    def send(self, clock: Callable[[], float]) -> None:
        """Send what is due, the oldest first, until one has to wait. Raises ConfigurationError."""
        while self._waiting and self._waiting[0].due <= clock():
            one = self._waiting[0]
            request = _request(self._settings, one, int(clock()))
            try:
                post(request, self._trust)
            except PassingError as error:
                if self._put_back(one, str(error), clock()):
                    break
            except LockgateError as error:
                _log.error("a notice of alerts is refused, and dropped: %s", error)
                self._waiting.pop(0)
            else:
                self._waiting.pop(0)
                self.sent += 1
            self._write()

    def _put_back(self, one: _Waiting, reason: str, now: float) -> bool:
        """Whether it is to be tried again."""
        attempts = one.attempts + 1
        again = attempts < MOST_ATTEMPTS
        if again:
            wait = min(_FIRST_WAIT * 3 ** (attempts - 1), _LONGEST_WAIT)
            self._waiting[0] = replace(one, attempts=attempts, due=now + wait)
            _log.warning("a notice of alerts waits %.0f s: %s", wait, reason)
        else:
            self._waiting.pop(0)
            _log.error("a notice of alerts is given up after %d tries: %s", attempts, reason)
        self._write()
        return again

    def _write(self) -> None:
        told = {"begun": self._begun, "waiting": [_plain(one) for one in self._waiting]}
        beside = self._path.with_name(f"{self._path.name}.new")
        try:
            with open(beside, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as stream:
                stream.write(orjson.dumps(told))
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(self._path)
        except OSError as error:
            raise StoreError(f"cannot be written: {error.strerror}", where=str(self._path)) from None


def _notices(alerts: list[dict[str, Any]], run: str) -> Iterator[_Waiting]:
    for start in range(0, len(alerts), _MOST_ALERTS):
        some = alerts[start : start + _MOST_ALERTS]
        number = start // _MOST_ALERTS
        yield _Waiting(f"{run}-{number}", body_of(some, at=some[0]["firstSeen"], run=run))


def _plain(one: _Waiting) -> dict[str, Any]:
    return {"id": one.id, "body": one.body, "attempts": one.attempts, "due": one.due}


def _request(settings: NoticeSettings, one: _Waiting, seconds: int) -> Any:
    secret = secret_of(settings.secret, where=f"{_WHERE}.secret")
    try:
        return signed(settings.address, secret, id=one.id, body=one.body, seconds=seconds)
    except FormatError as error:
        raise ConfigurationError(error.reason, where=_WHERE) from None
