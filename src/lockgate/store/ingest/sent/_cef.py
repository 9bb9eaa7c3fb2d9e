"""Messages of syslog in the Common Event Format as rows of CommonSecurityLog, as Microsoft Sentinel has them. Pure.

The format is ``CEF:Version|Vendor|Product|Version|Class|Name|Severity|key=value ...`` (ArcSight Common Event Format,
implementation standard); which key is which column is at https://learn.microsoft.com/azure/sentinel/cef-name-mapping.
A key without a column, and a value that its column cannot hold, is in ``AdditionalExtensions``. What is not in the
format is left to the table Syslog.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from functools import cache
from typing import Any

from lockgate.store.ingest.sent import _syslog
from lockgate.store.ingest.sent._documents import moment_of
from lockgate.tables import ColumnType
from lockgate.tables._collected import collected

TABLE = "CommonSecurityLog"
_BEGIN = re.compile(r"(?:^|(?<=[ >:\ufeff]))CEF: ?\d{1,2}\|", re.ASCII)
_HEADER = ("DeviceVendor", "DeviceProduct", "DeviceVersion", "DeviceEventClassID", "Activity", "LogSeverity")
_PART = re.compile(r"((?:[^\\|]|\\.)*)\|", re.DOTALL)
_KEY = re.compile(r"(?:^|(?<=\s))([\w.\[\]-]{1,128})=", re.ASCII)
_ESCAPED = re.compile(r"\\([\\=|nr])")
_SIGNS = {"n": "\n", "r": "\r"}
_DATES = ("%b %d %Y %H:%M:%S.%f", "%b %d %Y %H:%M:%S", "%b %d %Y %H:%M:%S.%f %z", "%b %d %Y %H:%M:%S %z")
"""The forms of the standard beside a number of milliseconds; a zone by its name is none that can be relied on."""
_NUMBERED = {"cs": ("DeviceCustomString", 6), "c6a": ("DeviceCustomIPv6Address", 4),
             "cfp": ("DeviceCustomFloatingPoint", 4), "cn": ("DeviceCustomNumber", 3),
             "deviceCustomDate": ("DeviceCustomDate", 2), "flexDate": ("FlexDate", 1),
             "flexNumber": ("FlexNumber", 2), "flexString": ("FlexString", 2)}  # fmt: skip
_COLUMNS = {
    "act": "DeviceAction", "app": "ApplicationProtocol", "cat": "DeviceEventCategory", "cnt": "EventCount",
    "destinationDnsDomain": "DestinationDnsDomain", "destinationServiceName": "DestinationServiceName",
    "destinationTranslatedAddress": "DestinationTranslatedAddress",
    "destinationTranslatedPort": "DestinationTranslatedPort", "deviceDirection": "CommunicationDirection",
    "deviceDnsDomain": "DeviceDnsDomain", "deviceExternalId": "DeviceExternalID", "deviceFacility": "DeviceFacility",
    "deviceInboundInterface": "DeviceInboundInterface", "deviceNtDomain": "DeviceNtDomain",
    "deviceOutboundInterface": "DeviceOutboundInterface", "devicePayloadId": "DevicePayloadId",
    "deviceProcessName": "ProcessName", "deviceTranslatedAddress": "DeviceTranslatedAddress",
    "dhost": "DestinationHostName", "dmac": "DestinationMACAddress", "dntdom": "DestinationNTDomain",
    "dpid": "DestinationProcessId", "dpriv": "DestinationUserPrivileges", "dproc": "DestinationProcessName",
    "dpt": "DestinationPort", "dst": "DestinationIP", "dtz": "DeviceTimeZone", "duid": "DestinationUserID",
    "duser": "DestinationUserName", "dvc": "DeviceAddress", "dvchost": "DeviceName", "dvcmac": "DeviceMacAddress",
    "dvcpid": "ProcessID", "end": "EndTime", "externalId": "ExternalID", "fileCreateTime": "FileCreateTime",
    "fileHash": "FileHash", "fileId": "FileID", "fileModificationTime": "FileModificationTime",
    "filePath": "FilePath", "filePermission": "FilePermission", "fileType": "FileType", "fname": "FileName",
    "fsize": "FileSize", "in": "ReceivedBytes", "msg": "Message", "oldFileCreateTime": "OldFileCreateTime",
    "oldFileHash": "OldFileHash", "oldFileId": "OldFileID", "oldFileModificationTime": "OldFileModificationTime",
    "oldFileName": "OldFileName", "oldFilePath": "OldFilePath", "oldFilePermission": "OldFilePermission",
    "oldFileSize": "OldFileSize", "oldFileType": "OldFileType", "out": "SentBytes", "outcome": "EventOutcome",
    "proto": "Protocol", "reason": "Reason", "request": "RequestURL",
    "requestClientApplication": "RequestClientApplication", "requestContext": "RequestContext",
    "requestCookies": "RequestCookies", "requestMethod": "RequestMethod", "rt": "ReceiptTime",
    "shost": "SourceHostName", "smac": "SourceMACAddress", "sntdom": "SourceNTDomain",
    "sourceDnsDomain": "SourceDnsDomain", "sourceServiceName": "SourceServiceName",
    "sourceTranslatedAddress": "SourceTranslatedAddress", "sourceTranslatedPort": "SourceTranslatedPort",
    "spid": "SourceProcessId", "spriv": "SourceUserPrivileges", "sproc": "SourceProcessName", "spt": "SourcePort",
    "src": "SourceIP", "start": "StartTime", "suid": "SourceUserID", "suser": "SourceUserName", "type": "EventType",
    **{f"{key}{n}{end}": f"{column}{n}{end}" for key, (column, most) in _NUMBERED.items()
       for n in range(1, most + 1) for end in ("", "Label")},
}  # fmt: skip
_LONG = ("cn1", "cn2", "cn3")
_SIDES = {"0": "Source", "1": "Destination"}
"""Which side is the other one, by the direction."""


def row_of(message: bytes, *, peer: str, collector: str, received: datetime) -> tuple[str, dict[str, Any]]:
    """The table that a message is for, and its row there. Takes what ``_syslog.row_of`` takes."""
    row = event_of(message, peer=peer, collector=collector, received=received)
    if row is not None:
        return TABLE, row
    return _syslog.TABLE, _syslog.row_of(message, peer=peer, collector=collector, received=received)


def event_of(message: bytes, *, peer: str, collector: str, received: datetime) -> dict[str, Any] | None:
    """The row of a message in the format; None for any other."""
    if b"CEF:" not in message:
        return None
    text = message.rstrip(b"\r\n\0").decode("utf-8", "backslashreplace")
    begin = _BEGIN.search(text)
    if begin is None:
        return None
    header, at = [], begin.end()
    for _ in _HEADER:
        part = _PART.match(text, at)
        if part is None:
            return None
        header.append(_plain(part[1]).strip())
        at = part.end()
    around = _syslog.row_of(text[: begin.start()].encode(), peer=peer, collector=collector, received=received)
    row: dict[str, Any] = dict(zip(_HEADER, header, strict=True)) | {
        "Computer": around["Computer"], "CollectorHostName": collector, "SourceSystem": "Linux",
        "TimeGenerated": around["TimeGenerated"],
    }  # fmt: skip
    more = _extension(row, text[at:], received)
    if more:
        row["AdditionalExtensions"] = ";".join(more)
    side = _SIDES.get(row.get("CommunicationDirection", ""))
    if side is not None:
        row |= {"RemoteIP": row.get(f"{side}IP", ""), "RemotePort": str(row.get(f"{side}Port", ""))}
    return row


def _extension(row: dict[str, Any], text: str, received: datetime) -> list[str]:
    """Fill columns from keys and values; what has no place in one is given back, each as it is told."""
    keys = list(_KEY.finditer(text))
    borders = [*(key.start() for key in keys), len(text)]
    more = [before] if (before := text[: borders[0]].strip()) else []
    for key, end in zip(keys, borders[1:], strict=True):
        value = _plain(text[key.end() : end].rstrip())
        column = _COLUMNS.get(key[1], "")
        fitted = None if not column or column in row else _fitted(column, value, received)
        whole = _whole(value, 64) if key[1] in _LONG and f"Field{column}" not in row else None
        if whole is not None:  # the older column holds 32 bits
            row[f"Field{column}"] = whole
        if fitted is not None:
            row[column] = fitted
        elif whole is None:
            more.append(f"{key[1]}={value}")
    return more


def _fitted(column: str, value: str, received: datetime) -> Any:
    """What the column holds of a text; None where it cannot."""
    kind = _types()[column]
    if kind is ColumnType.INT:
        return _whole(value, 32)
    if kind is ColumnType.LONG:
        return _whole(value, 64)
    if kind is ColumnType.REAL:
        return _real(value)
    return _moment(value, received) or None if kind is ColumnType.DATETIME else value


@cache
def _types() -> dict[str, ColumnType]:
    table = collected(TABLE)
    assert table is not None
    return {column.name: column.type for column in table.columns}


def _whole(text: str, bits: int) -> int | None:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 19:
        return None
    number = int(text)
    return number if -(1 << bits - 1) <= number < 1 << bits - 1 else None


def _real(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def _moment(text: str, received: datetime) -> str:
    number = _whole(text, 64)
    if number is not None:
        return moment_of(number)
    for form in _DATES:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=received.tzinfo)).isoformat()
    return moment_of(text)


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: _SIGNS.get(found[1], found[1]), text) if "\\" in text else text
