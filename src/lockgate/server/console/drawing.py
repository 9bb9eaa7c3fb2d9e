"""Draws pages from templates: all values escaped, an unknown one is a defect, addresses of assets by their content.

What every page gets is here too: who is signed in, what they may, and the pages that they see in the menu.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from lockgate.access.ruling import reach
from lockgate.formats.printable import printable
from lockgate.model.actor import Actor, Permission
from lockgate.server.console.menu import MENU

_FOLDER = files(__package__)
_NEVER_KEPT = {"cache-control": "no-store"}


def page(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> HTMLResponse:  # fmt: skip
    """One page, or the piece of one that htmx asked for: ``is_fragment`` tells templates which."""
    actor: Actor | None = request.scope.get("lockgate.actor")
    here = request.url.path
    values |= {
        "actor": actor, "here": here, "is_fragment": is_fragment(request), "menu": _menu(actor, here),
        "may": lambda name: actor is not None and reach(actor, Permission(*name.split(":"))) is not None,
    }  # fmt: skip
    text = environment().get_template(template).render(values)
    return HTMLResponse(text, status, {**_NEVER_KEPT, "vary": "HX-Request", **(headers or {})})


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a piece of a page."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"


@cache
def environment() -> Environment:
    """The templates."""
    made = Environment(
        loader=FileSystemLoader(str(_FOLDER / "templates")), autoescape=select_autoescape(default=True),
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters |= {"plain": lambda value: printable(str(value)), "ago": _ago, "moment": _moment}
    made.globals |= {"asset": asset}
    return made


@cache
def asset(name: str) -> str:
    """The address of a file of ``static``, which changes with its content, so that browsers may keep it for ever."""
    return f"/static/{hashlib.sha256((_FOLDER / 'static' / name).read_bytes()).hexdigest()[:16]}/{name}"


def _menu(actor: Actor | None, here: str) -> list[tuple[str, str, bool, str]]:
    """(address, label, whether it is the page shown, its key) of what they may see."""
    if actor is None:
        return []
    seen = [one for one in MENU if one.needs is None or reach(actor, one.needs) is not None]
    return [
        (one.address, one.label, here == one.address or here.startswith(f"{one.address}/"), one.key) for one in seen
    ]


def _moment(value: float | str | datetime | None) -> str:
    """Seconds of Unix time, an ISO text or a time as people read it, in UTC."""
    if not value:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        value = datetime.fromtimestamp(value, UTC)
    value = value.astimezone(UTC) if value.tzinfo else value
    return f"{value:%Y-%m-%d %H:%M:%S} UTC"


def _ago(value: float | str | datetime | None, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that tells it."""
    if not value:
        return "never"
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    seconds = (now or datetime.now(UTC)).timestamp() - value
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "now" if seconds < 10 else f"{int(seconds)} s ago"
