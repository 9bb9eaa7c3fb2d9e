"""Python's handler of syslog, util-linux's logger and rsyslog send to it unchanged, over UDP, TCP and TLS."""

import logging
import logging.handlers
import os
import shutil
import socket
import ssl
import subprocess
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.ingest.served import Served

from lockgate.errors import SourceError
from lockgate.server.ingest.syslog import MOST, Framing, SyslogListener
from lockgate.server.tls.authority import OwnAuthority
from lockgate.server.tls.reload import ReloadingContext
from lockgate.store.ingest.collected import shape_of
from lockgate.store.ingest.sent._syslog import row_of

_NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
_HERE = ("127.0.0.1", 0)


def _row(message, received=_NOW):
    row = row_of(message, peer="10.0.0.9", collector="c", received=received)
    assert set(row) <= {column.name for column in shape_of("Syslog").columns}
    return {name: value for name, value in row.items() if value not in (None, "") and name not in (
        "HostIP", "CollectorHostName", "SourceSystem", "TimeGenerated")}  # fmt: skip


def test_every_part_of_a_message_of_rfc_5424_has_its_column():
    assert _row(b"<34>1 2003-10-11T22:14:15.003Z web.example.com su - ID47 - \xef\xbb\xbfroot was asked for") == {
        "Facility": "auth", "SeverityLevel": "crit", "EventTime": "2003-10-11T22:14:15.003Z",
        "HostName": "web.example.com", "Computer": "web.example.com", "ProcessName": "su",
        "MessageId_CF": "ID47", "SyslogMessage": "root was asked for",
    }  # fmt: skip


def test_structured_data_are_elements_with_parameters():
    data = b'[e@1 iut="3" s="a\\"]\\\\"][p@2 c="high"]'
    row = _row(b"<165>1 2003-10-11T22:14:15.003-07:00 h evntslog 7 ID47 " + data + b" An event")
    assert row["StructuredData_CF"] == {"e@1": {"iut": "3", "s": 'a"]\\'}, "p@2": {"c": "high"}}
    assert (row["SyslogMessage"], row["ProcessID"], row["Facility"]) == ("An event", 7, "local4")
    assert _row(b"<13>1 - - - - - [broken message")["SyslogMessage"] == "[broken message"


def test_messages_of_rfc_3164_are_of_the_year_that_fits():
    row = _row(b"<38>Nov 26 11:14:15 web-1 sshd[4711]: Failed password")
    assert row == {
        "Facility": "auth", "SeverityLevel": "info", "EventTime": "2026-11-26T11:14:15+00:00", "HostName": "web-1",
        "Computer": "web-1", "ProcessName": "sshd", "ProcessID": 4711, "SyslogMessage": "Failed password",
    }  # fmt: skip
    assert _row(b"<38>Dec 31 23:59:59 h x: y")["EventTime"] == "2025-12-31T23:59:59+00:00"
    assert _row(b"<38>Feb 29 00:00:00 h x: y", datetime(2026, 3, 1, tzinfo=UTC))["SyslogMessage"].startswith("Feb 29")
    east = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=9)))
    assert _row(b"<38>Jan  1 00:29:00 h x: y", east)["EventTime"] == "2026-01-01T00:29:00+09:00"
    assert _row(b"<38>2026-11-26T11:14:15.5+01:00 h x[1]: y")["EventTime"] == "2026-11-26T11:14:15.5+01:00"


@pytest.mark.parametrize(("message", "text"), [
    (b"no priority at all", "no priority at all"), (b"<999>x", "<999>x"), (b"<13>", ""), (b"<13>\xff\x00", "\\xff"),
    (b"<13>Foo 99 99:99:99 h x: y", "Foo 99 99:99:99 h x: y"),
])  # fmt: skip
def test_what_is_no_header_is_of_the_message_and_of_user_notice(message, text):
    row = _row(message)
    assert row.get("SyslogMessage", "") == text and (row["Facility"], row["SeverityLevel"]) == ("user", "notice")


@given(st.binary(max_size=200) | st.from_regex(rb"<\d{1,3}>(1 )?.{0,80}", fullmatch=True))
def test_whatever_comes_is_a_row(message):
    row = row_of(message, peer="p", collector="c", received=_NOW)
    assert isinstance(row["SyslogMessage"], str) and row["TimeGenerated"] and row["Facility"]


@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=40)), max_size=8), st.integers(1, 50))
def test_messages_are_the_same_however_a_stream_is_cut(messages, size):
    wanted = [b"<1>" + (one if counted else one.replace(b"\n", b" ")) for counted, one in messages]
    stream = b"".join(b"%d %s" % (len(one), one) if counted else one + b"\n"
                      for (counted, _), one in zip(messages, wanted, strict=True))  # fmt: skip
    framing = Framing()
    found = [one for at in range(0, len(stream), size) for one in framing.feed(stream[at : at + size])]
    assert found == wanted and framing.rest() == b""


def test_a_message_without_an_end_is_cut_and_a_count_that_is_none_ends_the_stream():
    framing = Framing()
    assert [len(one) for one in framing.feed(b"<" * (MOST + 10))] == [MOST] and len(framing.rest()) == 10
    for wrong in (b"99999999 x", b"12x4 y", b"1234567890", b"%d x" % (MOST + 1)):
        with pytest.raises(ValueError, match=r"count|more than"):
            Framing().feed(wrong)


class _Listening(Served):
    def listening(self):
        authority = OwnAuthority(self.folder / "authority", names=["localhost"])
        authority.ensure()
        return [SyslogListener(self.taker, _HERE), SyslogListener(self.taker, _HERE, udp=True),
                SyslogListener(self.taker, _HERE, tls=ReloadingContext(authority.pair))]  # fmt: skip

    @property
    def ports(self):
        return [one.port for one in self.listeners]


@pytest.fixture
def listening(tmp_path):
    running = _Listening(tmp_path)
    yield running
    running.close()


def test_python_s_own_handler_sends_over_udp_and_tcp(listening):
    tcp, udp, _ = listening.ports
    for port, kind in ((tcp, socket.SOCK_STREAM), (udp, socket.SOCK_DGRAM)):
        handler = logging.handlers.SysLogHandler(("127.0.0.1", port), facility="local3", socktype=kind)
        handler.ident = f"app-{port}[42]: "
        handler.append_nul = False
        for n in range(100):  # over TCP it frames nothing by itself
            handler.emit(logging.makeLogRecord({"msg": f"message {n}" + "\n" * (port == tcp), "levelno": 40,
                                                "levelname": "ERROR"}))  # fmt: skip
        handler.close()
        listening.until(f"Syslog | where ProcessName == 'app-{port}' | summarize count(), dcount(SyslogMessage, 4) "
                        "by Facility, SeverityLevel, ProcessID, HostIP",
                        [("local3", "err", 42, "127.0.0.1", 100, 100)])  # fmt: skip


@pytest.mark.skipif(not shutil.which("logger"), reason="logger of util-linux is not here")
@pytest.mark.parametrize("options", [
    ["--udp"], ["--tcp"], ["--tcp", "--rfc3164"], ["--udp", "--rfc5424"], ["--tcp", "--octet-count"],
    ["--tcp", "--octet-count", "--rfc3164"],
], ids=" ".join)  # fmt: skip
def test_logger_of_util_linux_sends_as_it_does(listening, options):
    port = listening.ports["--udp" in options]
    command = ["logger", "-n", "127.0.0.1", "-P", str(port), "-p", "authpriv.warning", "-t", "su", "--id=77", *options]
    subprocess.run(command, input="first\nsecond\n", text=True, check=True, timeout=20)
    host = socket.gethostname().partition(".")[0]
    listening.until(
        "Syslog | project Facility, SeverityLevel, ProcessName, ProcessID, SyslogMessage, "
        f"host = HostName startswith '{host}' | order by SyslogMessage asc",
        [("authpriv", "warning", "su", 77, one, True) for one in ("first", "second")],
    )
    if "--rfc3164" not in options:
        assert listening.ask("Syslog | where isnotempty(StructuredData_CF.timeQuality) | count") == [(2,)]


def test_over_tls_what_came_before_the_end_is_kept_whatever_its_framing(listening):
    context = ssl.create_default_context(cafile=str(listening.folder / "authority" / "ca.crt"))
    with socket.create_connection(("127.0.0.1", listening.ports[2])) as plain, \
            context.wrap_socket(plain, server_hostname="localhost") as stream:  # fmt: skip
        stream.sendall(b"15 <13>1 - h a - -23 <13>1 - h b - - - two\nx<13>Nov 26 11:14:15 h c: three\n<13>h: last")
    query = "Syslog | project ProcessName, SyslogMessage | order by SyslogMessage asc"
    listening.until(query, [("", "1 - h a - -"), ("h", "last"), ("c", "three"), ("b", "two\nx")])


_RSYSLOG = os.environ.get("LOCKGATE_TEST_RSYSLOGD") or shutil.which("rsyslogd")


@pytest.mark.skipif(not _RSYSLOG, reason="rsyslogd is not here")
def test_rsyslog_forwards_what_it_reads(listening, tmp_path):
    (tmp_path / "in.log").write_text("".join(f"line {n}\n" for n in range(300)))
    (tmp_path / "r.conf").write_text(
        f'global(workDirectory="{tmp_path}")\nmodule(load="imfile")\n'
        f'input(type="imfile" File="{tmp_path}/in.log" Tag="read:" Facility="local1" Severity="debug")\n'
        f'action(type="omfwd" Target="127.0.0.1" Port="{listening.ports[0]}" Protocol="tcp" '
        'TCP_Framing="octet-counted" Template="RSYSLOG_SyslogProtocol23Format")\n'
    )
    process = subprocess.Popen([_RSYSLOG, "-n", "-f", tmp_path / "r.conf", "-i", tmp_path / "pid"],
                               stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        listening.until("Syslog | where ProcessName == 'read' | summarize count(), dcount(SyslogMessage, 4) "
                        "by Facility, SeverityLevel", [("local1", "debug", 300, 300)])  # fmt: skip
    finally:
        process.terminate()
        process.wait(20)


def test_an_address_in_use_is_told_at_once(listening):
    with pytest.raises(SourceError, match="cannot listen"):
        SyslogListener(listening.taker, ("127.0.0.1", listening.ports[0]))
