"""A notice of a deployment as mail, as a card of Teams, as a message of Slack, as a body of Standard Webhooks. Pure.

What is told holds words of others (commits, comments, names of branches). In a card they stand as text runs, which know
no Markdown (https://learn.microsoft.com/adaptive-cards/schema-explorer/text-run, 1.2), in Slack as plain text, which
knows no links and mentions (https://docs.slack.dev/reference/block-kit/composition-objects/text-object/), and in mail
as a text whose headers take no line's end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import clipped, printable
from lockgate.formats.rebuild_requests import RebuildRequest, web_address
from lockgate.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from datetime import datetime

_MOST_LINES, _LONGEST_LINE = 40, 400
"""So a card stays below the 28 KB that Teams takes, and a message below the 50 blocks of Slack."""
_TITLE = 140
"""Characters; a header of Slack takes 150."""
_CARD_BYTES = 20_000
_ACCEPTED = frozenset((200, 201, 202, 204))
_ADDRESS = lazy_pattern(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,190}")


@dataclass(frozen=True, slots=True)
class GateNotice:
    """What is told."""

    id: str
    """The same each time it is sent: whoever receives it takes it once."""
    event: str
    """``asking``, ``settled`` or ``broken``."""
    title: str
    lines: tuple[str, ...]
    url: str = ""
    """The page of the request, where there is a console."""
    facts: Mapping[str, Any] | None = None
    """For programs: ids, digests, standing. JSON values."""


def mail(notice: GateNotice, *, sender: str, to: Sequence[str], at: datetime) -> EmailMessage:
    """A message of plain text. Raises :class:`FormatError` for what is no address."""
    for one in (sender, *to):
        if not _ADDRESS.fullmatch(one):
            raise FormatError(f"{one[:80]!r} is no address of mail")
    message = EmailMessage()
    message["Subject"] = clipped(printable(notice.title), _TITLE)
    message["From"], message["To"] = sender, ", ".join(to)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{notice.id}@lockgate.{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence shall answer it
    text = [*_lines(notice), *(("", notice.url) if notice.url else ())]
    message.set_content("\n".join(text) + "\n")
    return message


def teams(notice: GateNotice, address: str) -> RebuildRequest:
    """A POST to a workflow of Teams that waits for a webhook request. Raises :class:`FormatError`."""
    lines = _lines(notice)
    body = orjson.dumps(_card(notice, lines))
    while len(body) > _CARD_BYTES and lines:
        lines = lines[: len(lines) // 2]
        body = orjson.dumps(_card(notice, [*lines, "..."]))
    return _post(address, body)


def _card(notice: GateNotice, lines: Sequence[str]) -> dict[str, Any]:
    title = {"type": "TextRun", "text": _title(notice), "weight": "Bolder", "size": "Medium"}
    blocks = [{"type": "RichTextBlock", "inlines": [title]}]
    blocks += [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": one}]} for one in lines]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "body": blocks,
    }  # fmt: skip
    if notice.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Look at it", "url": notice.url}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def slack(notice: GateNotice, address: str) -> RebuildRequest:
    """A POST to an incoming webhook of Slack. Raises :class:`FormatError`."""
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(_title(notice))}]
    blocks += [{"type": "section", "text": _plain(one)} for one in _lines(notice) if one]
    if notice.url:
        button = {"type": "button", "text": _plain("Look at it"), "url": notice.url, "action_id": "look"}
        blocks.append({"type": "actions", "elements": [button]})
    # The text is shown where blocks are not, and knows marks: what could begin one is escaped, as Slack asks.
    text = _title(notice).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _post(address, orjson.dumps({"text": text, "blocks": blocks}))


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def webhook_body(notice: GateNotice, *, at: datetime) -> str:
    """The body of Standard Webhooks, to be signed by ``formats.alert_notices.signed``."""
    told = {
        "type": f"lockgate.deployment.{notice.event}", "timestamp": at.isoformat(),
        "data": {"title": _title(notice), "lines": _lines(notice), "url": notice.url, **(notice.facts or {})},
    }  # fmt: skip
    return orjson.dumps(told).decode()


def _post(address: str, body: bytes) -> RebuildRequest:
    """Addresses of Teams carry a signature in their query, which ``web_address`` takes from nobody else."""
    bare, mark, query = address.partition("?")
    headers = {"Content-Type": "application/json", "User-Agent": "lockgate"}
    if not query.isprintable() or " " in query or "#" in query:
        raise FormatError("an address is https://HOST, and a path where there is one")
    return RebuildRequest(f"{web_address(bare)}{mark}{query}", headers, body, _ACCEPTED)


def _title(notice: GateNotice) -> str:
    return clipped(printable(notice.title), _TITLE)


def _lines(notice: GateNotice) -> list[str]:
    shown = [clipped(printable(one), _LONGEST_LINE) for one in notice.lines[:_MOST_LINES]]
    more = len(notice.lines) - len(shown)
    return shown + ([f"and {more} more"] if more else [])
