"""Sends one notice of a deployment: by mail, to Teams, to Slack, to whoever takes signed webhooks.

Addresses and secrets come from the settings, read when they are needed. Each web address is asked at the very address
that was checked, without redirects. What fails raises, and the job of the notice comes again.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.engine.registry.rebuilding import PassingError, post
from lockgate.errors import ConfigurationError, SourceError
from lockgate.formats import gate_notices
from lockgate.formats.alert_notices import signed
from lockgate.formats.format_error import FormatError
from lockgate.formats.gate_notices import GateNotice
from lockgate.secrets.references import secret_of
from lockgate.settings import FILE_NAME
from lockgate.transport import Trust

if TYPE_CHECKING:
    from email.message import EmailMessage

    from lockgate.formats.rebuild_requests import RebuildRequest
    from lockgate.settings import GateNoticeSettings, MailSettings

_SECONDS = 30.0
_PLAIN_HOSTS = ("localhost", "127.0.0.1", "::1")


def check(channel: GateNoticeSettings, where: str, folder: Path) -> None:
    """Raises :class:`ConfigurationError` for a channel that could never tell anybody: better now than at night."""
    if sum(one is not None for one in (channel.mail, channel.teams, channel.slack, channel.webhook)) != 1:
        raise ConfigurationError("one of mail, teams, slack and webhook is needed", where=where)
    sample = GateNotice("x", "asking", "x", ())
    if channel.mail is not None:
        _message(channel.mail, sample, datetime.now(UTC), where)
        _server(channel.mail, where)
    else:
        _request(channel, sample, datetime.now(UTC), where)
    _trust(channel, where, folder)


def send(channel: GateNoticeSettings, notice: GateNotice, *, number: int, folder: Path, now: datetime) -> str:
    """Send it; where to, in words without a secret. Raises :class:`ConfigurationError`, :class:`SourceError`.

    ``number``: place of the channel in the settings, whose folder is ``folder``.
    """
    where = f"{FILE_NAME}: gate_notices[{number}]"
    if channel.mail is not None:
        return _mailed(channel.mail, _message(channel.mail, notice, now, where), _trust(channel, where, folder), where)
    kind = "teams" if channel.teams is not None else "slack" if channel.slack is not None else "webhook"
    try:
        post(_request(channel, notice, now, where), _trust(channel, where, folder))
    except PassingError as error:
        # The path of an address of Teams or Slack is its secret, and the error tells paths.
        reason = str(error) if kind == "webhook" else "it does not take it now"
        raise SourceError(f"{kind}: {reason}", where=where) from None
    except SourceError as error:
        if kind == "webhook":
            raise
        raise SourceError(f"{kind}: {error.message}", where=where, hint="is the address still good?") from None
    return f"told by {kind}"


def _request(channel: GateNoticeSettings, notice: GateNotice, now: datetime, where: str) -> RebuildRequest:
    try:
        if channel.teams is not None:
            return gate_notices.teams(notice, secret_of(channel.teams, where=f"{where}.teams"))
        if channel.slack is not None:
            return gate_notices.slack(notice, secret_of(channel.slack, where=f"{where}.slack"))
        secret = secret_of(channel.secret or "", where=f"{where}.secret")
        body = gate_notices.webhook_body(notice, at=now)
        return signed(channel.webhook or "", secret, id=notice.id, body=body, seconds=int(now.timestamp()))
    except FormatError as error:
        raise ConfigurationError(error.reason, where=where) from None


def _message(mail: MailSettings, notice: GateNotice, now: datetime, where: str) -> EmailMessage:
    try:
        return gate_notices.mail(notice, sender=mail.sender, to=mail.to, at=now)
    except FormatError as error:
        raise ConfigurationError(error.reason, where=f"{where}.mail") from None


def _server(mail: MailSettings, where: str) -> tuple[str, int]:
    host, _, port = mail.server.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        hint = "smtp.example.com:587"
        raise ConfigurationError("a server has a host and a port", where=f"{where}.mail.server", hint=hint)
    if mail.tls not in ("starttls", "implicit", "none"):
        raise ConfigurationError("tls is starttls, implicit or none", where=f"{where}.mail.tls")
    if mail.tls == "none" and host not in _PLAIN_HOSTS:
        raise ConfigurationError("mail goes without TLS to this machine alone", where=f"{where}.mail.tls")
    return host, int(port)


def _mailed(mail: MailSettings, message: EmailMessage, trust: Trust, where: str) -> str:
    host, port = _server(mail, where)
    password = secret_of(mail.password, where=f"{where}.mail.password") if mail.password else ""
    context = ssl.create_default_context(cafile=trust.ca_file or None) if mail.tls != "none" else None
    try:
        if mail.tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=_SECONDS)
        with server:
            if mail.tls == "starttls":
                server.starttls(context=context)
            if mail.user:
                server.login(mail.user, password)
            refused = server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        code = getattr(error, "smtp_code", "")
        told = f"{type(error).__name__}{f' {code}' if code else ''}"
        raise SourceError(f"the mail was not taken: {told}", where=f"{host}:{port}") from None
    with suppress(StopIteration):  # some of several were refused: the others have it, and would get it twice
        return f"mailed, but not to {next(iter(refused))}"
    return f"mailed to {len(mail.to)}"


def _trust(channel: GateNoticeSettings, where: str, folder: Path) -> Trust:
    if channel.ca_file is None:
        return Trust()
    path = folder / channel.ca_file
    if not path.is_file():
        raise ConfigurationError("there is no such file", where=f"{where}.ca_file: {path}")
    return Trust(ca_file=str(path))
