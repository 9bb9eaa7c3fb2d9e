"""Messages in the Common Event Format are rows of CommonSecurityLog, with Sentinel's names; others stay in Syslog."""

import socket
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.ingest.served import Served

from lockgate.server.ingest.syslog import SyslogListener
from lockgate.store.ingest.collected import shape_of
from lockgate.store.ingest.fitting import fit
from lockgate.store.ingest.sent._cef import _COLUMNS, event_of

_NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
_TYPES = {column.name: column.type for column in shape_of("CommonSecurityLog").columns}
_HEAD = b"CEF:0|Palo Alto|PAN-OS|10.1|threat|url|4|"


def _row(message, **received):
    return event_of(message, peer="10.0.0.9", collector="c", received=received.get("received", _NOW))


def test_every_column_that_a_key_leads_to_is_there():
    assert set(_COLUMNS.values()) <= set(_TYPES)


def test_a_message_has_its_header_and_its_keys_in_columns():
    row = _row(
        b"<134>Nov 26 11:14:15 fw-1 CEF:0|Trend \\| Micro|Deep\\\\Security|1|100|Name = x|10|src=10.1.1.2 spt=1232 "
        b"dst=2.1.2.2 act=blocked a \\=  msg=Detected a threat\\n and no action=needed request=https://x/?a\\=b "
        b"cs1Label=Policy cs1=Strict one cn1=5000000000 cn1Label=Size cn2=7 cfp1=1.5 in=12 out=bad deviceDirection=0 "
        b"rt=Nov 26 2026 11:14:10 start=1795691650000 end=Nov 26 2026 11:14:10.250 PanOSx=1 ad.key[1]=v"
    )
    assert row == {
        "TimeGenerated": "2026-11-26T11:14:15+00:00", "Computer": "fw-1", "CollectorHostName": "c",
        "SourceSystem": "Linux", "DeviceVendor": "Trend | Micro", "DeviceProduct": "Deep\\Security",
        "DeviceVersion": "1", "DeviceEventClassID": "100", "Activity": "Name = x", "LogSeverity": "10",
        "SourceIP": "10.1.1.2", "SourcePort": 1232, "DestinationIP": "2.1.2.2", "DeviceAction": "blocked a =",
        "Message": "Detected a threat\n and no", "RequestURL": "https://x/?a=b", "DeviceCustomString1Label": "Policy",
        "DeviceCustomString1": "Strict one", "FieldDeviceCustomNumber1": 5_000_000_000,
        "DeviceCustomNumber1Label": "Size", "DeviceCustomNumber2": 7, "FieldDeviceCustomNumber2": 7,
        "DeviceCustomFloatingPoint1": 1.5, "ReceivedBytes": 12, "CommunicationDirection": "0",
        "ReceiptTime": "Nov 26 2026 11:14:10", "StartTime": "2026-11-26T11:14:10+00:00",
        "EndTime": "2026-11-26T11:14:10.250000+00:00", "RemoteIP": "10.1.1.2", "RemotePort": "1232",
        "AdditionalExtensions": "action=needed;out=bad;PanOSx=1;ad.key[1]=v",
    }  # fmt: skip


@pytest.mark.parametrize("around", [
    b"", b"<13>",
    b"<134>1 2026-11-26T11:14:15Z fw-1 app - - - ",
    b"<134>1 2026-11-26T11:14:15Z fw-1 app - - - \xef\xbb\xbf",
    b"<134>Nov 26 11:14:15 fw-1 app[7]: ", b"<134>2026-11-26T11:14:15Z fw-1 ",
])  # fmt: skip
def test_it_is_known_whatever_stands_before_it(around):
    row = _row(around + _HEAD + b"act=alert")
    assert (row["DeviceVendor"], row["DeviceAction"]) == ("Palo Alto", "alert")
    assert row["Computer"] == ("fw-1" if b"fw-1" in around else "10.0.0.9")


@pytest.mark.parametrize("message", [
    b"", b"<13>plain", b"<13>x: CEF:0|a|b|c", b"<13>x: CEF is a format", b"<13>x: SCEF:0|a|b|c|d|e|f|",
    b"CEF:|a|b|c|d|e|f|g",
])  # fmt: skip
def test_what_is_not_in_the_format_is_left_to_syslog(message):
    assert _row(message) is None


def test_a_key_that_comes_twice_and_a_value_of_another_type_are_kept_beside_the_columns():
    row = _row(_HEAD + b"as it is act=a act=b spt=high dpt=99999999999 start=soon cfp2=nan externalId=x1 =y z")
    assert row["DeviceAction"] == "a"
    more = row["AdditionalExtensions"]
    assert more == "as it is;act=b;spt=high;dpt=99999999999;start=soon;cfp2=nan;externalId=x1 =y z"


@given(st.binary(max_size=120), st.text("=\\| abct1spn.\n", max_size=80))
def test_whatever_comes_fits_its_columns(around, extension):
    row = _row(around + b" " + _HEAD + extension.encode())
    assert row["DeviceVendor"] == "Palo Alto" or b"CEF:" in around
    for name, value in row.items():
        fit(_TYPES[name], value)


def test_a_firewall_sends_over_the_listener_of_syslog(tmp_path):
    class Listening(Served):
        def listening(self):
            return [SyslogListener(self.taker, ("127.0.0.1", 0))]

    running = Listening(tmp_path)
    try:
        with socket.create_connection(("127.0.0.1", running.listeners[0].port)) as stream:
            for n in range(50):
                stream.sendall(b"<134>Nov 26 11:14:15 fw-1 " + _HEAD + b"src=10.0.0.%d spt=%d act=deny\n" % (n, n))
                stream.sendall(b"<134>Nov 26 11:14:15 fw-1 app: plain\n")
        running.until("CommonSecurityLog | where DeviceVendor == 'Palo Alto' and DeviceAction == 'deny' | "
                      "summarize count(), dcount(SourceIP, 4), sum(SourcePort)", [(50, 50, 1225)])  # fmt: skip
        running.until("Syslog | summarize count(), dcount(SyslogMessage)", [(50, 1)])
    finally:
        running.close()
