"""What went wrong, as each service tells it: OneAPI errors with the codes and exceptions of Kusto, nested errors of Log
Analytics.

Codes and types: https://learn.microsoft.com/kusto/api/netfx/kusto-data-client-errors; the form of Kusto's body:
https://learn.microsoft.com/kusto/api/rest/response-http; that of Log Analytics:
https://learn.microsoft.com/azure/azure-monitor/logs/api/errors.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, LockgateError, StoreError, UsageError
from lockgate.kql import QueryError
from lockgate.store.ask import CancelledError, LimitError, MemoryLimitError, TimeLimitError

_NAMES = frozenset(("KS142", "KS204", "KS211"))
"""Of Microsoft's language service: a column, table or function that there is not."""
_EXCEPTIONS = "Kusto.Data.Exceptions."


class Kind(Enum):
    """What can go wrong: HTTP status, Kusto's code and exception, Log Analytics' code, whether trying again is vain."""

    SYNTAX = (400, "BadRequest_SyntaxError", "SyntaxException", "BadArgumentError", True)
    SEMANTIC = (400, "General_BadRequest", "SemanticException", "BadArgumentError", True)
    REQUEST = (400, "General_BadRequest", "KustoBadRequestException", "BadArgumentError", True)
    DATABASE = (400, "BadRequest_DatabaseNotExist", "DatabaseNotFoundException", "WorkspaceNotFoundError", True)
    ENTITY = (400, "BadRequest_EntityNotFound", "EntityNotFoundException", "PathNotFoundError", True)
    UNKNOWN_PATH = (404, "NotFound", "KustoRequestException", "PathNotFoundError", True)
    METHOD = (405, "MethodNotAllowed", "KustoRequestException", "UnsupportedMethodError", True)
    NOBODY = (401, "Unauthorized", "KustoRequestDeniedException", "AuthorizationRequiredError", True)
    FORBIDDEN = (403, "Forbidden", "KustoRequestDeniedException", "InsufficientAccessError", True)
    TOO_LARGE = (413, "PayloadTooLarge", "KustoRequestPayloadTooLargeException", "PayloadTooLargeError", True)
    THROTTLED = (429, "TooManyRequests", "KustoRequestThrottledException", "ThrottledError", False)
    TIME = (504, "RequestExecutionTimeout", "KustoServiceTimeoutException", "GatewayTimeout", False)
    LIMIT = (400, "LimitsExceeded", "KustoServicePartialQueryFailureLimitsExceededException", "BadArgumentError", True)
    MEMORY = (400, "LowMemoryCondition", "KustoServicePartialQueryFailureLowMemoryConditionException",
              "BadArgumentError", True)  # fmt: skip
    CANCELLED = (400, "QueryCancelled", "KustoServicePartialQueryFailureException", "BadArgumentError", False)
    UNAVAILABLE = (503, "ServiceUnavailable", "KustoServiceException", "ServiceUnavailableError", False)
    DEFECT = (500, "InternalServiceError", "KustoServiceException", "InternalServerError", False)

    @property
    def status(self) -> int:
        """Of HTTP."""
        return self.value[0]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that went wrong, for people and programs."""

    kind: Kind
    message: str
    """What happened."""
    code: str = ""
    """What is within the code of the kind: ``SEM0100``, ``KS141``."""
    line: int = 0
    """Where in the query, from 1; 0 where that says nothing."""
    column: int = 0

    @property
    def status(self) -> int:
        """Of HTTP."""
        return self.kind.status


class Refusal(Exception):  # noqa: N818 -- it is an answer
    """Ends the handling of a request with a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def refusal(kind: Kind, message: str) -> Refusal:
    """One that nothing more is known of."""
    return Refusal(Fault(kind, message))


def syntax_fault(error: QueryError) -> Fault:
    """Of a query or command that cannot be read."""
    first = error.diagnostics[0]
    message = f"Query could not be parsed on line [{error.line},{error.column}]: {first.message} {first.hint}"
    return Fault(Kind.SYNTAX, message.strip(), "SYN0002", error.line, error.column)


def fault_of(error: LockgateError) -> Fault:
    """Of what asking raises."""
    if isinstance(error, QueryError):
        return _semantic(error)
    if isinstance(error, LimitError):
        return _limit(error)
    if isinstance(error, StoreError):
        return Fault(Kind.UNAVAILABLE, "The record cannot be read.")
    if isinstance(error, ConfigurationError | UsageError):
        return Fault(Kind.REQUEST, str(error))
    return Fault(Kind.DEFECT, "The query could not be answered.")


def _semantic(error: QueryError) -> Fault:
    first = error.diagnostics[0]
    if first.code == "LG101":
        return Fault(Kind.REQUEST, first.message, first.code, error.line, error.column)
    code = "SEM0100" if first.code in _NAMES else first.code
    told = [f"{one.message} {one.hint}".strip() for one in error.diagnostics[:5]]
    message = f"{told[0]} [line {error.line}, column {error.column}]"
    if told[1:]:
        message = f"{message} Also: {' '.join(told[1:])}"
    return Fault(Kind.SEMANTIC, message, code, error.line, error.column)


def _limit(error: LimitError) -> Fault:
    if isinstance(error, TimeLimitError):
        return Fault(Kind.TIME, str(error))
    if isinstance(error, CancelledError):
        return Fault(Kind.CANCELLED, f"Query execution was cancelled (80DA0006: E_QUERY_CANCELLED). {error}")
    if isinstance(error, MemoryLimitError):
        return Fault(Kind.MEMORY, f"Query execution lacks memory (80DA0007: E_LOW_MEMORY_CONDITION). {error}")
    return Fault(Kind.LIMIT, f"Query execution has exceeded the allowed limits (80DA0001: E_RUNAWAY_QUERY). {error}")


def cut_fault(over: LimitError) -> Fault:
    """Of a result that was cut off."""
    return Fault(
        Kind.LIMIT,
        f"Query execution has exceeded the allowed limits (80DA0003: E_QUERY_RESULT_SET_TOO_LARGE). {over}",
    )


def kusto_error(fault: Fault, *, request: str, activity: str, text: str = "", database: str = "") -> dict[str, Any]:
    """The error as Kusto tells it: ``{"error": ...}``."""
    _, code, exception, _, permanent = fault.kind.value
    inner = fault.kind in (Kind.SYNTAX, Kind.SEMANTIC)
    word = {Kind.SYNTAX: "Syntax error: ", Kind.SEMANTIC: "Semantic error: "}.get(fault.kind, "")
    if fault.kind is Kind.SEMANTIC:
        exception = "KustoBadRequestException"
    context = {
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"), "serviceAlias": "LOCKGATE",
        "clientRequestId": request, "activityId": activity, "subActivityId": activity, "parentActivityId": activity,
    }  # fmt: skip
    begin = "Request is invalid and cannot be processed: " if inner else ""
    own = f"{word}{f'{fault.code}: ' if inner and fault.code else ''}{fault.message}"
    error: dict[str, Any] = {
        "code": code, "message": _short(fault), "@type": f"{_EXCEPTIONS}{exception}", "@message": f"{begin}{own}",
        "@context": context, "@permanent": permanent,
    }  # fmt: skip
    if inner:
        error |= {"@text": text, "@database": database}
        error["innererror"] = {
            "code": fault.code, "message": fault.message, "@type": f"{_EXCEPTIONS}{fault.kind.value[2]}",
            "@message": own, "@context": context, "@permanent": permanent, "@errorCode": fault.code,
            "@errorMessage": fault.message, "@line": str(fault.line), "@pos": str(fault.column),
        }  # fmt: skip
    return {"error": error}


def _short(fault: Fault) -> str:
    if fault.status < 500 and fault.kind not in (Kind.NOBODY, Kind.FORBIDDEN, Kind.THROTTLED):
        return "Request is invalid and cannot be executed."
    return fault.message


def logs_error(fault: Fault, *, request: str) -> dict[str, Any]:
    """The error as Log Analytics tells it: ``{"error": ...}``."""
    code = fault.kind.value[3]
    error: dict[str, Any] = {"message": fault.message, "code": code, "correlationId": request}
    if fault.kind in (Kind.SYNTAX, Kind.SEMANTIC):
        innermost = {"code": fault.code, "message": fault.message, "line": fault.line, "pos": fault.column}
        outer, said = ("SyntaxError", "A recognition error occurred in the query.")
        if fault.kind is Kind.SEMANTIC:
            outer, said = ("SemanticError", "A semantic error occurred.")
        error["message"] = "The request had some invalid properties"
        error["innererror"] = {"code": outer, "message": said, "innererror": innermost}
    elif fault.kind is Kind.TIME:
        error["innererror"] = {"code": "GatewayTimeout", "message": fault.message}
    return {"error": error}


def partial_error(faults: list[Fault]) -> dict[str, Any]:
    """What Log Analytics says beside tables that are not whole."""
    details = [
        {
            "code": "EngineError", "message": "Something went wrong processing your query on the server.",
            "innererror": {"code": "-2133196797", "message": one.message, "severity": 2, "severityName": "Error"},
        }
        for one in faults
    ]  # fmt: skip
    message = "There were some errors when processing your query."
    return {"code": "PartialError", "message": message, "details": details}
