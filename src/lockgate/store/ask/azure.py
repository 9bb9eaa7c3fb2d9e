"""Queries passed through to Azure: a cluster of Azure Data Explorer or a workspace of Log Analytics, by their own SDKs.

The query goes there as it stands and the answer comes back in the form of ours. Who asks is a token in
``LOCKGATE_AZURE_TOKEN``, or whatever ``azure-identity`` finds (a login of the Azure CLI, a managed identity, ...).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import StoreError, UsageError
from lockgate.kql import literals
from lockgate.lazy_pattern import lazy_pattern
from lockgate.store.ask.answer import Answer, AnswerTable, LimitError, Limits

TOKEN = "LOCKGATE_AZURE_TOKEN"  # noqa: S105 -- the name of a variable
LOGS = "https://api.loganalytics.io"
_WORKSPACE = lazy_pattern(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NO_LOGIN = "no login of Azure was found"
_TRIED = lazy_pattern(r"\s+(\w+Credential): (.*)")
_NOT_THERE = lazy_pattern(r"(?i)unavailable|not found|not installed|no accounts|could not be found|requires the")
_EXTRA = "pip install 'lockgate[azure]'"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a query is passed on to."""

    address: str
    """``https://host`` of the cluster, or of the query API of Log Analytics."""
    name: str
    """The database, or the id of the workspace."""
    workspace: bool
    """Whether it is a workspace of Log Analytics."""


def place_of(text: str) -> Place:
    """``https://CLUSTER/DATABASE``, or ``WORKSPACE-ID``; ``@https://HOST`` behind an id means another cloud.

    Raises :class:`UsageError`.
    """
    hint = "https://<cluster>.<region>.kusto.windows.net/<database>, or the id of a Log Analytics workspace"
    identity, at, host = text.partition("@")
    if _WORKSPACE.fullmatch(identity):
        return Place(_host(host if at else LOGS, text, hint), identity, workspace=True)
    found = urlsplit(text)
    database = found.path.strip("/")
    if not found.hostname or not database or "/" in database:
        raise UsageError("that names no database and no workspace", where=text[:200], hint=hint)
    return Place(_host(text, text, hint), database, workspace=False)


def _host(address: str, text: str, hint: str) -> str:
    found = urlsplit(address)
    plain = found.scheme == "http" and found.hostname in _LOOPBACK
    if not found.hostname or found.username or not (found.scheme == "https" or plain):
        raise UsageError("a token is sent over https alone", where=text[:200], hint=hint)
    return f"{found.scheme}://{found.netloc}"


def ask_azure(
    query: str, place: Place, limits: Limits, *, token: str = "", since: datetime | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Answer:  # fmt: skip
    """The answer of ``place``. ``since``: only rows generated since then.

    Raises :class:`StoreError` where it cannot be reached or refuses, with what it says of the query, and
    :class:`LimitError` where the answer is too large.
    """
    began = time.monotonic()
    ask = _of_workspace if place.workspace else _of_cluster
    if place.workspace and parameters:
        raise UsageError("Log Analytics takes no parameters", where="--parameter", hint="write their values out")
    tables = ask(query, place, limits, token, since, parameters or {})
    over = next((one for one in tables if len(one.rows) > limits.rows), None)
    if over is not None:
        raise LimitError(f"The result has more than {limits.rows} rows.", where=place.address)
    return Answer(tuple(tables), {"seconds": time.monotonic() - began})


# --- Azure Data Explorer


def _of_cluster(
    query: str, place: Place, limits: Limits, token: str, since: datetime | None, parameters: Mapping[str, str]
) -> list[AnswerTable]:  # fmt: skip
    try:
        from azure.kusto.data import ClientRequestProperties, KustoClient, KustoConnectionStringBuilder
        from azure.kusto.data.exceptions import KustoError
    except ImportError:
        raise StoreError("azure-kusto-data is not installed", where=place.address, hint=_EXTRA) from None
    if token:
        builder = KustoConnectionStringBuilder.with_aad_user_token_authentication(place.address, token)
    else:
        builder = KustoConnectionStringBuilder.with_azure_token_credential(place.address, _credential(place))
    properties = ClientRequestProperties()  # type: ignore[no-untyped-call]
    properties.set_option(ClientRequestProperties.request_timeout_option_name, timedelta(seconds=limits.seconds))
    properties.set_option("truncationmaxrecords", limits.rows)
    properties.set_option("truncationmaxsize", limits.bytes)
    if since is not None:
        properties.set_option("query_datetimescope_column", "TimeGenerated")
        properties.set_option("query_datetimescope_from", since.astimezone(UTC).isoformat())
    for name, value in parameters.items():
        properties.set_parameter(name, value)
    with _told(place, KustoError), KustoClient(builder) as client:
        found = client.execute_query(place.name, query, properties)
    charts = {row[0]: row[2] for one in found if one.table_name == "@ExtendedProperties" for row in one.raw_rows}
    return [
        _table([(column.column_name, column.column_type) for column in one.columns], one.raw_rows, charts.get(number))
        for number, one in enumerate(found.primary_results, 1)
    ]


# --- Log Analytics


def _of_workspace(
    query: str, place: Place, limits: Limits, token: str, since: datetime | None, parameters: Mapping[str, str]
) -> list[AnswerTable]:  # fmt: skip
    del parameters
    try:
        from azure.core.exceptions import AzureError
        from azure.monitor.query import LogsQueryClient, LogsQueryPartialResult
    except ImportError:
        raise StoreError("azure-monitor-query is not installed", where=place.address, hint=_EXTRA) from None
    credential = _Given(token) if token else _credential(place)
    with _told(place, AzureError), LogsQueryClient(credential, endpoint=place.address) as client:
        found = client.query_workspace(
            place.name, query, timespan=None if since is None else (since, datetime.now(UTC)),
            server_timeout=max(1, round(limits.seconds)), include_visualization=True,
        )  # fmt: skip
    if isinstance(found, LogsQueryPartialResult):
        raise LimitError(f"It was answered in part: {_line(str(found.partial_error))}", where=place.address)
    chart = found.visualization
    return [
        _table(list(zip(one.columns, one.columns_types, strict=True)), one.rows, chart if number == 0 else None)
        for number, one in enumerate(found.tables)
    ]


class _Given:
    """A credential that is one token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **more: Any) -> Any:
        """As SDKs of Azure ask for it."""
        from azure.core.credentials import AccessToken

        del scopes, more
        return AccessToken(self._token, int(time.time()) + 3_600)


def _credential(place: Place) -> Any:
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError:
        hint = f"{_EXTRA}, or give a token in {TOKEN}"
        raise StoreError("azure-identity is not installed", where=place.address, hint=hint) from None
    # What it tried it tells in its error, too; without a handler Python would print it beside ours.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    return DefaultAzureCredential()


@contextmanager
def _told(place: Place, kind: type[Exception]) -> Iterator[None]:
    """What an SDK raises, as an error with a place and a way out. ``kind``: its own errors."""
    from azure.core.exceptions import AzureError

    try:
        yield
    except (kind, AzureError, OSError, ValueError) as error:
        text = _line(_without_login(_said(error)) or _said(error))
        text += _because(error)
        if "E_QUERY_RESULT_SET_TOO_LARGE" in str(error) or "exceeded the set limits" in text:
            raise LimitError(f"The result is larger than it may be: {text}", where=place.address) from None
        hint = f"az login, or a token in {TOKEN}" if _unknown(error) or text.startswith(_NO_LOGIN) else ""
        raise StoreError(f"the query was not answered: {text}", where=place.address, hint=hint) from None


def _said(error: Exception) -> str:
    """What a service says of a query, at its most telling."""
    if hasattr(error, "get_api_error"):
        found = error.get_api_error()
        return str(found.description or found.message)
    told, inner = str(getattr(error, "message", "") or error), getattr(error, "error", None)
    inner = getattr(inner, "innererror", None)
    while isinstance(inner, dict):
        told, inner = str(inner.get("message") or told), inner.get("innererror")
    return told


def _without_login(text: str) -> str:
    """Of what ``azure-identity`` says when no way to sign in worked, those ways that were there and failed.

    Empty where that is not what the text says.
    """
    if not text.startswith("DefaultAzureCredential failed"):
        return ""
    tried = [found for line in text.splitlines() if (found := _TRIED.fullmatch(line)) is not None]
    failed = [f"{found[1]}: {found[2]}" for found in tried if not _NOT_THERE.search(found[2])]
    return f"{_NO_LOGIN}: {'; '.join(failed)}" if failed else _NO_LOGIN


def _because(error: Exception) -> str:
    """Why an address could not be reached, where the SDK for clusters keeps that to itself."""
    cause = error.__cause__ or error.__context__
    if type(error).__name__ != "KustoNetworkError" or cause is None:
        return ""
    reason = getattr(cause.args[0], "reason", None) if cause.args else None
    return f" ({_line(str(reason or cause)).rpartition(': ')[2]})"


def _unknown(error: Exception) -> bool:
    """Whether the service did not know, or did not let in, who asked."""
    # A response that tells of an error is false.
    codes = {getattr(getattr(error, name, None), "status_code", 0) for name in ("http_response", "response")}
    return type(error).__name__ == "KustoAuthenticationError" or not codes.isdisjoint((401, 403))


def _line(text: str) -> str:
    return " ".join(text.split())[:600]


# --- values


def _table(columns: Sequence[tuple[str, str]], rows: Iterable[Iterable[Any]], chart: Any) -> AnswerTable:
    readers = [_READERS.get(type_, _dynamic) for _, type_ in columns]
    read = [
        tuple(
            ("" if type_ == "string" else None) if value is None else reader(value)
            for (_, type_), reader, value in zip(columns, readers, row, strict=True)
        )
        for row in rows
    ]
    known = tuple((name, type_ if type_ in _READERS else "dynamic") for name, type_ in columns)
    return AnswerTable(known, read, _chart(chart))


def _chart(given: Any) -> tuple[str, dict[str, str]] | None:
    """What ``render`` asks for, from the object or text that a service gives."""
    try:
        found = orjson.loads(given) if isinstance(given, str) else given
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict):
        return None
    own = {str(name).lower(): value for name, value in found.items() if value not in (None, "", "NaN", False)}
    kind = own.pop("visualization", None)
    texts = {name: ",".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in own.items()}
    return (str(kind), texts) if kind else None


def _moment(value: Any) -> int | None:
    if isinstance(value, datetime):
        return literals.ticks_of(value if value.tzinfo else value.replace(tzinfo=UTC))
    return literals.moment(str(value))


def _real(value: Any) -> float | None:
    try:
        return float(value)
    except ValueError:
        return math.nan


def _dynamic(value: Any) -> str:
    """JSON text as it came; a text that is none is the value itself."""
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        return orjson.dumps(value).decode()
    return value


_READERS: dict[str, Callable[[Any], object]] = {
    "bool": bool, "int": int, "long": int, "real": _real, "decimal": str, "string": str,
    "datetime": _moment, "timespan": lambda value: literals.timespan(str(value)),
    "guid": lambda value: str(value).lower(), "dynamic": _dynamic,
}  # fmt: skip
