"""The work of ``lockgate login``: the device flow (RFC 8628) at a server's own address."""

from __future__ import annotations

import argparse
import platform
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import orjson

from lockgate.cli._server_tokens import keep, origin_of, token_for
from lockgate.errors import SourceError
from lockgate.formats.printable import printable

if TYPE_CHECKING:
    from lockgate.transport import Transport

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SECONDS = 15.0
_MOST = 1 << 20


def run(arguments: argparse.Namespace) -> int:
    """Sign in or out; the exit code."""
    from lockgate.transport import Transport, Trust

    origin = origin_of(arguments.server)
    transport = Transport(urlsplit(origin).netloc, Trust(ca_file=arguments.ca_file))
    try:
        return _out(transport, origin) if arguments.out else _in(transport, origin)
    finally:
        transport.close()


def _in(transport: Transport, origin: str) -> int:
    _, device = _post(transport, f"{origin}/api/v1/device", {"client_name": platform.node()[:100]})
    code, seconds, wait = device.get("device_code"), device.get("expires_in"), device.get("interval", 5)
    if not isinstance(code, str) or not isinstance(seconds, int) or not isinstance(wait, int):
        raise SourceError("it does not answer as a Lockgate server", where=origin)
    print(f"Open {printable(str(device.get('verification_uri')))} and type {printable(str(device.get('user_code')))}",
          flush=True)  # fmt: skip
    until = time.monotonic() + min(seconds, 3600)
    while time.monotonic() < until:
        time.sleep(min(max(wait, 1), 60))
        status, told = _post(transport, f"{origin}/api/v1/token", {"grant_type": _GRANT, "device_code": code})
        if status == 200 and isinstance(told.get("access_token"), str):
            path = keep(origin, told["access_token"])
            print(f"Signed in at {origin}; the token is kept in {path}")
            return 0
        if told.get("error") not in ("authorization_pending", "slow_down"):
            raise SourceError(printable(str(told.get("error_description") or told.get("error"))), where=origin)
        wait += 5 if told["error"] == "slow_down" else 0
    raise SourceError("nobody let the command line in", where=origin, hint="begin again")


def _out(transport: Transport, origin: str) -> int:
    token = token_for(origin)
    keep(origin, "")
    if token:
        _post(transport, f"{origin}/api/v1/token/revoke", {"token": token})
    print(f"Signed out at {origin}")
    return 0


def _post(transport: Transport, address: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    import urllib3

    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        answer = transport.request("POST", address, headers=headers, body=urlencode(form).encode(),
                                   timeout=urllib3.Timeout(total=_SECONDS))  # fmt: skip
        content = answer.read(_MOST + 1)
        answer.release_conn()
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise SourceError(f"it cannot be asked: {type(error).__name__}", where=address) from None
    try:
        found = orjson.loads(content) if content else {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or answer.status >= 500:
        raise SourceError(f"it answers {answer.status}, not as a Lockgate server", where=address)
    return answer.status, found
