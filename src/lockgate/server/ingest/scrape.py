"""Asks programs for their metrics, as Prometheus does: each address in its turn, every so many seconds.

Beside what they tell there are ``up`` (1 where one answered), ``scrape_duration_seconds`` and
``scrape_samples_scraped``, as of Prometheus, with the labels ``job`` and ``instance``. An address is one that whoever
runs the server gave; no redirect is followed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from lockgate.errors import StoreError, UsageError
from lockgate.server.ingest.taking import BusyError, Taker
from lockgate.store.ingest.journalled import Batch
from lockgate.store.ingest.sent import line_of
from lockgate.store.ingest.sent._exposition import rows_of
from lockgate.store.ingest.sent._prometheus import TABLE

_log = logging.getLogger("lockgate.ingest")
MOST = 32 << 20
"""Bytes of an answer."""
_ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
_SECONDS = 10.0
"""For one answer."""


class Scraper:
    """One task an address, for as long as the server lives."""

    def __init__(self, taker: Taker, addresses: Sequence[str], *, every: float, job: str = "lockgate") -> None:
        """``every``: seconds from one time to the next. Raises :class:`UsageError` for what is no address."""
        self._taker, self._every, self._job = taker, every, job
        self._addresses = [_checked(one) for one in addresses]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._go_on(address)) for address in self._addresses]

    async def stop(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _go_on(self, address: str) -> None:
        while True:
            begun = time.monotonic()
            try:
                await self.scrape(address)
            except (BusyError, StoreError) as error:
                _log.error("what %s told is lost: %s", address, error or "more rows wait than can be taken in")
            await asyncio.sleep(max(self._every - (time.monotonic() - begun), 0.1))

    async def scrape(self, address: str) -> None:
        """Once. Raises :class:`BusyError`, :class:`StoreError` where the samples cannot be kept."""
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        labels = {"job": self._job, "instance": host}
        origin, now, begun = f"scrape/{host}", datetime.now(UTC), time.monotonic()
        lines: dict[str, list[bytes]] = {TABLE: []}
        try:
            content, kind = await asyncio.to_thread(_asked, address)
        except ValueError as error:
            _log.warning("%s cannot be scraped: %s", host, error)
            samples, up = 0, 0
        else:
            told = rows_of(content, origin=origin, instance=host, open_metrics="openmetrics" in kind, labels=labels)
            for table, row in told:
                lines.setdefault(table, []).append(line_of({"TimeGenerated": now.isoformat()} | row))
            samples, up = len(lines[TABLE]), 1
        own = {"up": up, "scrape_duration_seconds": time.monotonic() - begun, "scrape_samples_scraped": samples}
        for name, value in own.items():
            lines[TABLE].append(line_of(_own(name, value, labels) | {"TimeGenerated": now.isoformat()}))
        await self._taker.take(*(Batch(table, origin, now, b"".join(some)) for table, some in lines.items()))


def _own(name: str, value: float, labels: dict[str, str]) -> dict[str, Any]:
    return {"Name": name, "Val": float(value), "Namespace": "prometheus", "Origin": "scrape",
            "Computer": labels["instance"], "Tags": orjson.dumps(labels).decode()}  # fmt: skip


def _asked(address: str) -> tuple[bytes, str]:
    """What is answered, and its kind. Raises :class:`ValueError` with the reason where nothing is."""
    import urllib3

    parts = urlsplit(address)
    headers = {"accept": _ACCEPT, "user-agent": "lockgate"}
    if parts.username is not None:
        headers |= urllib3.make_headers(basic_auth=f"{parts.username}:{parts.password or ''}")
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(_SECONDS)) as pool:
        try:
            answer = pool.request("GET", shown, headers=headers, redirect=False, preload_content=False)
        except urllib3.exceptions.HTTPError as error:
            raise ValueError(type(error).__name__) from None
        with contextlib.closing(answer):
            if answer.status != 200:
                raise ValueError(f"it answers {answer.status}")
            try:
                content = answer.read(MOST + 1, decode_content=True)
            except urllib3.exceptions.HTTPError as error:
                raise ValueError(type(error).__name__) from None
            if len(content) > MOST:
                raise ValueError(f"it answers more than {MOST} bytes")
            return content, answer.headers.get("content-type", "")


def _checked(address: str) -> str:
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"{address!r} is no address that can be asked", where="--scrape",
                         hint="http://HOST:PORT/metrics")  # fmt: skip
    return address
