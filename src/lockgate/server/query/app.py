"""The application: paths of Kusto and of Log Analytics, errors in the form of the one that is asked.

Paths of Kusto: https://learn.microsoft.com/kusto/api/rest/request. What does not belong: who is let in (``mounts``).
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.kql import QueryError, parse
from lockgate.kql.row.context import clock
from lockgate.server.asgi import Call, GoneError, Receive, Scope, Send, TooLargeError
from lockgate.server.query import kusto_v1, kusto_v2, logs, management, requests
from lockgate.server.query.desk import Desk, Question
from lockgate.server.query.faults import (
    Fault,
    Kind,
    Refusal,
    fault_of,
    kusto_error,
    logs_error,
    refusal,
    syntax_fault,
)
from lockgate.server.query.kusto_v2 import Asked
from lockgate.settings import EntraSettings

if TYPE_CHECKING:
    from lockgate.kql import Workspace
    from lockgate.kql.syntax import Query
    from lockgate.store.ask import Answer
    from lockgate.store.saved import Library

_log = logging.getLogger("lockgate.query")
MAX_BODY = 4 << 20
PREFIXES = ("/v1/rest/query", "/v1/rest/mgmt", "/v1/rest/auth", "/v2/rest/query", "/v1/workspaces/", "/v1/$batch",
            "/v1/subscriptions/")  # fmt: skip
"""Of the paths that are answered here."""
_KUSTO_CLIENT = "db662dc1-0cfe-4e1c-a843-19a68e65be58"
"""The application as which Kusto's own clients let people sign in."""
METADATA = "/v1/rest/auth/metadata"
"""Where clients look which cloud this is, before they have a token."""


@dataclass(frozen=True, slots=True)
class Served:
    """What is served."""

    desk: Desk
    library: Callable[[], Library]
    workspace: Callable[[], Workspace]
    """Tables and functions as they stand, to bind against."""
    databases: tuple[str, ...] = ("lockgate", "NetDefaultDB")
    """Names that Kusto's clients may call the record by; the first is the one it tells."""
    workspaces: tuple[str, ...] = ()
    """Ids that Log Analytics' clients may call it by; none: any."""
    entra: Callable[[], EntraSettings] = EntraSettings
    """Where people sign in, if they do."""


class QueryApp:
    """An ASGI application for people who were let in."""

    def __init__(self, served: Served) -> None:
        self.served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        call = Call(scope, receive, send)
        path = call.path.rstrip("/")
        run = _PATHS.get(path)
        if run is None and path.startswith(("/v1/workspaces/", "/v1/subscriptions/")):
            run = QueryApp._logs
        if run is None:
            await self._tell(_Exchange(call), Fault(Kind.UNKNOWN_PATH, f"There is nothing at {call.path[:200]}."))
            return
        await run(self, call)

    # --- Kusto

    async def _metadata(self, call: Call) -> None:
        """Where to sign in, and what to ask a token for. Not found is what clients take for the public cloud; none of
        its services is asked where a token is given."""
        told = self.served.entra()
        if not told.tenant or not told.audiences:
            await call.answer(404, b"{}")
            return
        place = {
            "LoginEndpoint": told.authority, "LoginMfaRequired": False, "KustoClientAppId": _KUSTO_CLIENT,
            "KustoClientRedirectUri": "http://localhost", "KustoServiceResourceId": told.audiences[0],
            "FirstPartyAuthorityUrl": f"{told.authority}/{told.tenant}",
        }  # fmt: skip
        await call.answer(200, orjson.dumps({"AzureAD": place}))

    async def _kusto(self, call: Call) -> None:
        exchange = _Exchange(call)
        try:
            request = await self._read(exchange)
            if request.text.lstrip().startswith("."):
                await self._command(exchange, request)
            else:
                await self._query(exchange, request)
        except (Refusal, LockgateError) as error:
            await self._tell(exchange, error.fault if isinstance(error, Refusal) else fault_of(error))

    async def _read(self, exchange: _Exchange) -> requests.Request:
        if exchange.call.method == "GET" and exchange.call.path.endswith("/query"):
            given = exchange.call.arguments()
            request = requests.Request(given.get("db", ""), given.get("csl", ""), {}, {})
        else:
            request = requests.read(await read_body(exchange.call))
        exchange.text, exchange.database = request.text, request.database
        names = self.served.databases
        if request.database and request.database.lower() not in [one.lower() for one in names]:
            said = f"Entity ID '{request.database[:100]}' of kind 'Database' was not found. There is '{names[0]}'."
            raise refusal(Kind.DATABASE, said)
        return request

    async def _query(self, exchange: _Exchange, request: requests.Request) -> None:
        call = exchange.call
        request = requests.with_set(request, await _parsed(request.text))
        application = call.header("x-ms-app")
        question = requests.question(request, identity=exchange.request, application=application)
        answer = await self._answered(exchange, question)
        if answer is None:
            return
        asked = Asked(
            exchange.request, exchange.activity, clock(),
            request.flag("results_progressive_enabled"), request.flag("deferpartialqueryfailures"),
        )  # fmt: skip
        shape = kusto_v2.frames if call.path.startswith("/v2/") else kusto_v1.query_tables
        await call.answer(200, shape(answer, asked), headers=exchange.headers())

    async def _command(self, exchange: _Exchange, request: requests.Request) -> None:
        served, call = self.served, exchange.call
        if call.path.startswith("/v2/"):
            raise refusal(Kind.REQUEST, "Management commands are answered at /v1/rest/mgmt.")
        place = management.Place(
            served.databases[0], served.workspace, served.library(), served.desk, request.flag("request_readonly")
        )
        try:
            columns, rows = await asyncio.to_thread(management.answer, request.text, call.person, place)
        except QueryError as error:
            raise Refusal(syntax_fault(error)) from None
        await call.answer(200, kusto_v1.command_table(columns, rows), headers=exchange.headers())

    # --- Log Analytics

    async def _logs(self, call: Call) -> None:
        exchange = _Exchange(call, logs=True)
        try:
            question, wanted = await self._logs_question(exchange)
            await _parsed(question.text)
            answer = await self._answered(exchange, question)
            if answer is not None:
                body = await asyncio.to_thread(logs.body, answer, wanted)
                await call.answer(200, body, headers=exchange.headers())
        except (Refusal, LockgateError) as error:
            await self._tell(exchange, error.fault if isinstance(error, Refusal) else fault_of(error))

    async def _logs_question(self, exchange: _Exchange) -> tuple[Question, logs.Wanted]:
        call = exchange.call
        self._known(logs.workspace_of(call.path))
        body: Any = call.arguments() if call.method == "GET" else logs.parsed(await read_body(call))
        return logs.question(body, call.header("prefer"), identity=exchange.request)

    def _known(self, workspace: str | None) -> None:
        if workspace is None:
            raise refusal(Kind.UNKNOWN_PATH, "The path must be /v1/workspaces/{id}/query.")
        known = self.served.workspaces
        if known and workspace.lower() not in [one.lower() for one in known]:
            raise refusal(Kind.UNKNOWN_PATH, f"There is no workspace {workspace[:100]} here.")

    async def _batch(self, call: Call) -> None:
        """Several questions at once, each answered by itself."""
        exchange = _Exchange(call, logs=True)
        try:
            items = logs.batch(await read_body(call))
        except Refusal as error:
            await self._tell(exchange, error.fault)
            return
        gone = asyncio.Event()
        watch = asyncio.create_task(call.gone(gone))
        try:
            waiting = asyncio.Semaphore(call.person.allowance.concurrent)
            answers = await asyncio.gather(*(self._item(call, one, gone, waiting) for one in items))
        finally:
            watch.cancel()
        if not gone.is_set():
            await call.answer(200, orjson.dumps({"responses": answers}), headers=exchange.headers())

    async def _item(
        self, call: Call, item: logs.Item, gone: asyncio.Event, waiting: asyncio.Semaphore
    ) -> dict[str, Any]:
        identity = str(uuid.uuid4())
        try:
            self._known(item.workspace)
            question, wanted = logs.question(item.body, item.prefer, identity=identity)
            await _parsed(question.text)
            async with waiting:
                answer = await self.served.desk.ask(call.person, question, gone)
            status, body = 200, await asyncio.to_thread(logs.body, answer, wanted)
        except (Refusal, LockgateError) as error:
            fault = error.fault if isinstance(error, Refusal) else fault_of(error)
            status, body = fault.status, orjson.dumps(logs_error(fault, request=identity))
        return {"id": item.identity, "status": status, "headers": {}, "body": orjson.Fragment(body)}

    # --- both

    async def _answered(self, exchange: _Exchange, question: Question) -> Answer | None:
        """The answer; None when the client has gone."""
        call = exchange.call
        gone = asyncio.Event()
        watch = asyncio.create_task(call.gone(gone))
        try:
            return await self.served.desk.ask(call.person, question, gone)
        except LockgateError:
            if gone.is_set():
                return None
            raise
        finally:
            watch.cancel()

    async def _tell(self, exchange: _Exchange, fault: Fault) -> None:
        if exchange.logs:
            body = logs_error(fault, request=exchange.request)
        else:
            body = kusto_error(fault, request=exchange.request, activity=exchange.activity, text=exchange.text,
                               database=exchange.database)  # fmt: skip
        again = [("retry-after", "1")] if fault.kind is Kind.THROTTLED else []
        await exchange.call.answer(fault.status, orjson.dumps(body), headers=[*exchange.headers(), *again])


class _Exchange:
    """One request on its way, with what its answer repeats."""

    def __init__(self, call: Call, *, logs: bool = False) -> None:
        self.call, self.logs = call, logs
        self.activity = str(uuid.uuid4())
        self.request = call.header("x-ms-client-request-id")[:512] or f"unspecified;{self.activity}"
        self.text = self.database = ""

    def headers(self) -> list[tuple[str, str]]:
        """Of every answer."""
        return [("x-ms-client-request-id", self.request), ("x-ms-activity-id", self.activity),
                ("cache-control", "no-store")]  # fmt: skip


async def read_body(call: Call) -> bytes:
    """The body of a POST in JSON. Raises :class:`Refusal`."""
    if call.method != "POST":
        raise refusal(Kind.METHOD, f"{call.method} is not answered here.")
    # A page of another site can send a form or a text, but no JSON, without asking first.
    if call.header("content-type").partition(";")[0].strip().lower() != "application/json":
        raise refusal(Kind.REQUEST, "The body must be application/json.")
    try:
        return await call.body(MAX_BODY)
    except TooLargeError:
        raise refusal(Kind.TOO_LARGE, f"The body is larger than {MAX_BODY} bytes.") from None
    except (GoneError, TimeoutError):
        raise refusal(Kind.REQUEST, "The request did not arrive whole.") from None


async def _parsed(text: str) -> Query:
    """The syntax tree. Raises :class:`Refusal`."""
    try:
        return await asyncio.to_thread(parse, text)
    except QueryError as error:
        raise Refusal(syntax_fault(error)) from None


_PATHS: dict[str, Callable[[QueryApp, Call], Awaitable[None]]] = {
    "/v1/rest/query": QueryApp._kusto, "/v2/rest/query": QueryApp._kusto, "/v1/rest/mgmt": QueryApp._kusto,
    METADATA: QueryApp._metadata, "/v1/$batch": QueryApp._batch,
}  # fmt: skip
