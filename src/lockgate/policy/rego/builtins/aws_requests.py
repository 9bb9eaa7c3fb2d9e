"""Signs requests to AWS: ``providers.aws.sign_req``, by Signature Version 4.

The canonical request is that of AWS's "Create a signed AWS API request", with the leeway that OPA takes: the path and
the query go in as they are written, and every header of the request is signed but for three that proxies change.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from lockgate.policy.rego.builtins.contract import BuiltinError, Function, dictionary, number, wrong_type
from lockgate.policy.rego.builtins.encoding import json_marshal
from lockgate.policy.rego.builtins.identifiers import escaped_path, uri_parse
from lockgate.policy.rego.values import Set, Value, bytes_of, literal

_SETTINGS: Final = ("aws_access_key", "aws_region", "aws_secret_access_key", "aws_service")
_REQUIRED: Final = ("method", "url")
# What ``http.send`` takes: https://www.openpolicyagent.org/docs/policy-reference/builtins/http
_PARAMETERS: Final = frozenset(
    {"method", "url", "body", "enable_redirect", "force_json_decode", "force_yaml_decode", "headers", "raw_body"}
    | {"tls_use_system_certs", "tls_ca_cert", "tls_ca_cert_file", "tls_ca_cert_env_variable", "tls_client_cert"}
    | {"tls_client_cert_file", "tls_client_cert_env_variable", "tls_client_key", "tls_client_key_file"}
    | {"tls_client_key_env_variable", "tls_insecure_skip_verify", "tls_server_name", "timeout", "cache"}
    | {"force_cache", "force_cache_duration_seconds", "raise_error", "caching_mode", "max_retry_attempts"}
    | {"cache_ignored_headers"}
)
_UNSIGNED: Final = frozenset({"authorization", "user-agent", "x-amzn-trace-id"})
_WITH_CONTENT_HASH: Final = frozenset({"s3", "glacier"})
_INT64: Final = 1 << 63
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_VALID_PATH: Final = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@\[\]%/]*", re.ASCII)


class _Target(NamedTuple):
    """The parts of a URL that are signed."""

    host: str
    path: str
    query: str


def sign_req(request: Value, settings: Value, time_ns: Value) -> Value:
    """The request with the headers that sign it at that time (nanoseconds since 1970)."""
    asked, config = dictionary(request, 1), dictionary(settings, 2)
    _check_texts(config, _SETTINGS, 2, "AWS config parameters(s)")
    when = number(time_ns, 3)
    if isinstance(when, float) or not -_INT64 <= when < _INT64:
        raise BuiltinError("operand 3 could not convert time_ns value into a unix timestamp")
    unknown = Set(key for key in asked if key not in _PARAMETERS)
    if unknown:
        raise BuiltinError(f"operand 1 invalid request parameters(s): {literal(unknown)}")
    _check_present(asked, _REQUIRED, 1, "request parameters(s)")
    headers = asked.get("headers", {})
    if not isinstance(headers, dict):
        raise wrong_type(0, headers, "object")
    _check_texts(asked, _REQUIRED, 1, "request parameters(s)")
    texts = {_text(name): _text(value) for name, value in headers.items()}
    unsigned_body = config.get("disable_payload_signing", False)
    if not isinstance(unsigned_body, bool):
        raise BuiltinError("operand 2 invalid value for 'disable_payload_signing' in AWS config")
    content = "UNSIGNED-PAYLOAD" if unsigned_body else hashlib.sha256(_body(asked)).hexdigest()
    signed = texts | _signature(config, asked["method"], _target(asked["url"]), texts, content, int(when))
    return {**asked, "headers": signed}


def _check_present(given: Mapping[Any, Value], wanted: tuple[str, ...], position: int, what: str) -> None:
    missing = Set(name for name in wanted if name not in given)
    if missing:
        raise BuiltinError(f"operand {position} missing required {what}: {literal(missing)}")


def _check_texts(given: Mapping[Any, Value], wanted: tuple[str, ...], position: int, what: str) -> None:
    _check_present(given, wanted, position, what)
    invalid = Set(name for name in wanted if not isinstance(given[name], str))
    if invalid:
        raise BuiltinError(f"operand {position} invalid values for required {what}: {literal(invalid)}")


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _body(request: Mapping[Any, Value]) -> bytes:
    if "raw_body" in request:
        return bytes_of(_text(request["raw_body"]))
    return bytes_of(json_marshal(request["body"])) if "body" in request else b""


def _target(url: str) -> _Target:
    parsed = uri_parse(url)
    rest, _, query = url.partition("#")[0].partition("?")
    if "hostname" not in parsed and "path" not in parsed:
        return _Target("", "", query)
    scheme = f"{parsed['scheme']}:" if "scheme" in parsed else ""
    rest = rest[len(scheme) :]
    host, path = "", rest
    if rest.startswith("//"):
        authority, slash, after = rest[2:].partition("/")
        host, path = authority.rpartition("@")[2], slash + after
    if "%" in host:
        host = parsed["hostname"] + (f":{parsed['port']}" if "port" in parsed else "")
    return _Target(host, path if _VALID_PATH.fullmatch(path) else escaped_path(parsed.get("path", "")), query)


def _signature(
    config: Mapping[Any, Any], method: str, target: _Target, headers: Mapping[str, str], content: str, time_ns: int
) -> dict[str, str]:
    """The headers that are to be added: ``Authorization`` and those that it names."""
    moment = _EPOCH + timedelta(seconds=time_ns // 1_000_000_000)
    stamp, day = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
    added = {"host": target.host, "x-amz-date": stamp}
    if config["aws_service"] in _WITH_CONTENT_HASH:
        added["x-amz-content-sha256"] = content
    if _text(config.get("aws_session_token")):
        added["x-amz-security-token"] = config["aws_session_token"]
    signed = {**added, **{name.lower(): value for name, value in headers.items() if name.lower() not in _UNSIGNED}}
    names = sorted(signed, key=bytes_of)
    listed = ";".join(names)
    lines = [method, target.path, target.query, *(f"{name}:{signed[name]}" for name in names), "", listed, content]
    scope = f"{day}/{config['aws_region']}/{config['aws_service']}/aws4_request"
    canonical = hashlib.sha256(bytes_of("\n".join(lines))).hexdigest()
    key = bytes_of("AWS4" + config["aws_secret_access_key"])
    for part in (day, config["aws_region"], config["aws_service"], "aws4_request"):
        key = hmac.digest(key, bytes_of(part), "sha256")
    signature = hmac.digest(key, bytes_of(f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{canonical}"), "sha256").hex()
    credential = f"{config['aws_access_key']}/{scope}"
    authorization = f"AWS4-HMAC-SHA256 Credential={credential},SignedHeaders={listed},Signature={signature}"
    return {"Authorization": authorization, **added}


FUNCTIONS: Final[dict[str, Function]] = {"providers.aws.sign_req": sign_req}
