"""Notices of deployments: to a real server of mail, and to receivers of each kind over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from tests.engine.deployments.conftest import NOON, House
from tests.simulators.listening import listening

from lockgate.engine.deployments import outbox
from lockgate.engine.deployments.notices import check, send
from lockgate.errors import ConfigurationError, SourceError
from lockgate.formats.gate_notices import GateNotice
from lockgate.server.tls.authority import OwnAuthority
from lockgate.settings import GateNoticeSettings, MailSettings, Told
from lockgate.store.team import gates, jobs

HOSTILE = "Ship it\r\nBcc: all@example.com <!channel> [here](https://evil.example) & more"
NOTICE = GateNotice("n1", "asking", f"team/shop waits: {HOSTILE}", ("Needed: 1 more of sre", HOSTILE),
                    "https://lockgate.example/deployments/r1", {"request": "r1"})  # fmt: skip


class _Sink:
    """Keeps what is mailed."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the name is aiosmtpd's
        self.taken.append((envelope.rcpt_tos, envelope.content))
        return "250 taken"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("gone"):
            return "550 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 fine"


@pytest.fixture
def mail() -> Iterator[tuple[MailSettings, _Sink]]:
    sink = _Sink()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        to = ("sre@example.com", "ops@example.com")
        yield MailSettings(f"127.0.0.1:{port}", "none", "gate@example.com", to), sink
    finally:
        controller.stop()


@pytest.fixture
def receiver() -> Iterator[tuple[str, list, list]]:
    """Address, what it took, and statuses that it answers first."""
    taken: list[tuple[str, dict[str, str], bytes]] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            status = answers.pop(0) if answers else 202
            taken.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with listening(Handler) as server:
        yield f"http://127.0.0.1:{server.server_port}", taken, answers


def told(channel: GateNoticeSettings, folder: Path, notice: GateNotice = NOTICE) -> str:
    return send(channel, notice, number=0, folder=folder, now=NOON)


def test_mail_says_it_in_plain_text_to_everybody_and_to_nobody_else(mail, tmp_path) -> None:
    settings, sink = mail
    assert told(GateNoticeSettings(mail=settings), tmp_path) == "mailed to 2"
    ((to, content),) = sink.taken
    message = message_from_bytes(content)
    assert to == ["sre@example.com", "ops@example.com"]
    assert message["Bcc"] is None
    assert message["Message-ID"] == "<n1@lockgate.example.com>"
    assert message.get_content_type() == "text/plain"
    text = message.get_payload(decode=True).decode()
    assert "Needed: 1 more of sre" in text
    assert "https://lockgate.example/deployments/r1" in text


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # aiosmtpd means STARTTLS by that
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_mail_goes_over_tls_to_a_server_that_demands_it_and_who_signs_in(tls, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SMTP", "pass" + "word")
    authority = OwnAuthority(tmp_path, names=["127.0.0.1"])
    authority.ensure()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.pair.certificate, authority.pair.key)

    def signs_in(server, session, envelope, mechanism, shown):
        known = (shown.login, shown.password) == (b"gate", ("pass" + "word").encode())
        return AuthResult(success=known, handled=False)

    sink = _Sink()
    demands = {"authenticator": signs_in, "auth_required": True}
    demands |= {"tls_context": context, "require_starttls": True} if tls == "starttls" else {"ssl_context": context}
    demands |= {} if tls == "starttls" else {"auth_require_tls": False}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port, **demands)
    controller.start()
    try:
        mail = MailSettings(f"127.0.0.1:{port}", tls, "gate@example.com", ("sre@example.com",), "gate", "env:SMTP")
        channel = GateNoticeSettings(mail=mail, ca_file="ca.crt")
        assert send(channel, NOTICE, number=0, folder=tmp_path, now=NOON) == "mailed to 1"
        with pytest.raises(SourceError, match="SSLCertVerificationError"):
            send(GateNoticeSettings(mail=mail), NOTICE, number=0, folder=tmp_path, now=NOON)
        monkeypatch.setenv("SMTP", "guessed")
        with pytest.raises(SourceError, match="SMTPAuthenticationError 535") as raised:
            send(channel, NOTICE, number=0, folder=tmp_path, now=NOON)
        assert "guessed" not in str(raised.value)
    finally:
        controller.stop()
    assert len(sink.taken) == 1


def test_mail_that_some_do_not_get_is_said_and_not_sent_to_the_others_again(mail, tmp_path) -> None:
    settings, _ = mail
    some = replace(settings, to=("gone@example.com", "ops@example.com"))
    assert told(GateNoticeSettings(mail=some), tmp_path) == "mailed, but not to gone@example.com"
    with pytest.raises(SourceError, match="SMTPRecipientsRefused"):
        told(GateNoticeSettings(mail=replace(settings, to=("gone@example.com",))), tmp_path)


def test_teams_gets_a_card_whose_words_are_no_marks(receiver, tmp_path, monkeypatch) -> None:
    address, taken, _ = receiver
    monkeypatch.setenv("TEAMS", f"{address}/workflows/1/triggers/manual?sig=abc")
    assert told(GateNoticeSettings(teams="env:TEAMS"), tmp_path) == "told by teams"
    ((path, _, body),) = taken
    assert path == "/workflows/1/triggers/manual?sig=abc"
    (attachment,) = json.loads(body)["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}  # which knows no Markdown
    assert card["actions"][0]["url"] == "https://lockgate.example/deployments/r1"


def test_a_card_stays_below_what_teams_takes(receiver, tmp_path, monkeypatch) -> None:
    address, taken, _ = receiver
    monkeypatch.setenv("TEAMS", f"{address}/x")
    told(GateNoticeSettings(teams="env:TEAMS"), tmp_path, replace(NOTICE, lines=("é" * 5_000,) * 1_000))
    assert len(taken[0][2]) < 28_000


def test_slack_gets_plain_text_and_calls_nobody(receiver, tmp_path, monkeypatch) -> None:
    address, taken, _ = receiver
    monkeypatch.setenv("SLACK", f"{address}/services/T/B/x")
    assert told(GateNoticeSettings(slack="env:SLACK"), tmp_path) == "told by slack"
    message = json.loads(taken[0][2])
    assert "<!channel>" not in message["text"]
    assert all(block["text"]["type"] == "plain_text" for block in message["blocks"] if "text" in block)
    assert len(message["blocks"][0]["text"]["text"]) <= 150


def test_a_webhook_is_signed_as_standard_webhooks_are(receiver, tmp_path, monkeypatch) -> None:
    address, taken, _ = receiver
    key = bytes(range(32))
    monkeypatch.setenv("HOOK", f"whsec_{base64.b64encode(key).decode()}")
    told(GateNoticeSettings(webhook=f"{address}/hook", secret="env:HOOK"), tmp_path)
    ((_, headers, body),) = taken
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == "n1"
    assert json.loads(body)["type"] == "lockgate.deployment.asking"
    assert json.loads(body)["data"]["request"] == "r1"


def test_an_address_that_is_a_secret_stands_in_no_error(receiver, tmp_path, monkeypatch) -> None:
    address, _, answers = receiver
    monkeypatch.setenv("SLACK", f"{address}/services/verysecret")
    for status in (500, 404):
        answers.append(status)
        with pytest.raises(SourceError) as raised:
            told(GateNoticeSettings(slack="env:SLACK"), tmp_path)
        assert "verysecret" not in str(raised.value)


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        (GateNoticeSettings(), "one of mail"),
        (GateNoticeSettings(slack="env:A", teams="env:B"), "one of mail"),
        (GateNoticeSettings(slack="https://hooks.slack.example/x"), "no reference to a secret"),
        (GateNoticeSettings(slack="env:NOT_SET_HERE"), "not set"),
        (GateNoticeSettings(webhook="ftp://x", secret="env:HOOK"), "an address is"),
        (GateNoticeSettings(webhook="https://x/y", secret="env:SHORT"), "16 bytes"),
        (GateNoticeSettings(mail=MailSettings("smtp.example.com", "none", "a@b.c", ("a@b.c",))), "host and a port"),
        (GateNoticeSettings(mail=MailSettings("smtp.example.com:25", "none", "a@b.c", ("a@b.c",))), "this machine"),
        (GateNoticeSettings(mail=MailSettings("localhost:25", "none", "a@b.c", ("a@b.c\nBcc: x@y.z",))), "no address"),
        (GateNoticeSettings(webhook="https://x/y", secret="env:HOOK", ca_file="nowhere.pem"), "no such file"),
    ],
)
def test_a_channel_that_could_never_tell_anybody_is_refused(channel, words, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOOK", "a secret of enough bytes")
    monkeypatch.setenv("SHORT", "short")
    with pytest.raises(ConfigurationError, match=words):
        check(channel, "lockgate.yaml: gate_notices[0]", tmp_path)


def test_people_are_told_when_they_are_needed_and_a_server_that_is_away_is_asked_again(
    checked: House, receiver, mail, monkeypatch
) -> None:
    address, taken, answers = receiver
    settings, sink = mail
    monkeypatch.setenv("HOOK", "a secret of enough bytes")
    checked.notices = (
        GateNoticeSettings(webhook=f"{address}/hook", secret="env:HOOK"),
        GateNoticeSettings(environments=("staging",), mail=settings),
        GateNoticeSettings(told=(Told.BROKEN,), mail=settings),
    )
    answers.append(503)
    id = checked.ask()
    (failed,) = checked.work()
    assert "answers 503" in failed
    with checked.database.read() as connection:
        (waiting,) = [one for one in jobs.listed(connection, kind=outbox.NOTICE) if one.state == "waiting"]
    assert waiting.attempts == 1
    again = json.loads(taken[0][2])["data"]
    assert again["lines"][:2] == ["Needed: 2 more of security", "Needed: 1 more of sre"]
    assert sink.taken == []
    done = checked.desk.break_glass(id, checked.actor("dov"), "the shop is down")
    checked.work()
    assert len(sink.taken) == 1  # that the glass was broken
    with checked.database.begin() as connection:
        (reminder,) = jobs.listed(connection, kind=outbox.REMIND)
        jobs.cancel(connection, reminder.id)
        jobs.enqueue(connection, outbox.REMIND, {"glass": done.glass[0].id, "request": id})
    checked.work()
    assert len(sink.taken) == 2  # and that nobody has looked at it
    with checked.database.read() as connection:
        assert gates.awaiting_follow_up(connection)


def test_a_webhook_to_the_metadata_of_a_cloud_is_not_sent(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOOK", "whsec_" + base64.b64encode(b"k" * 24).decode())
    for host in ("169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]"):
        channel = GateNoticeSettings(webhook=f"https://{host}/latest", secret="env:HOOK")
        with pytest.raises(SourceError, match="of the link is not asked"):
            told(channel, tmp_path)


def test_a_channel_that_is_gone_from_the_settings_fails_nothing(checked: House, receiver) -> None:
    address, _, _ = receiver
    checked.notices = (GateNoticeSettings(webhook=f"{address}/hook", secret="env:HOOK"),)
    checked.ask()
    with checked.database.read() as connection:
        assert jobs.listed(connection, kind=outbox.NOTICE) == ()
    checked.desk.look(checked.ask())
    checked.notices = ()
    assert checked.work() == []
