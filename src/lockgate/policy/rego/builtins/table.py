"""All builtins of OPA: what ``signatures`` declares, and the function that answers. Needed to compile alone."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Final

from lockgate.policy.rego.builtins import (
    addresses,
    aggregates,
    arithmetic,
    aws_requests,
    collections,
    digests,
    encoding,
    globs,
    graphql,
    graphs,
    identifiers,
    json_paths,
    jwt,
    objects,
    regex,
    schemas,
    semver,
    sprintf,
    strings,
    surroundings,
    templates,
    time,
    types,
    units,
    x509,
    yaml_text,
)
from lockgate.policy.rego.builtins.contract import Builtin, Function, Kind
from lockgate.policy.rego.builtins.signatures import DEPRECATED, INFIX, NETWORK, Signature, signatures

_TOPICS: Final[tuple[ModuleType, ...]] = (
    addresses,
    aggregates,
    arithmetic,
    aws_requests,
    collections,
    digests,
    encoding,
    globs,
    graphql,
    graphs,
    identifiers,
    json_paths,
    jwt,
    objects,
    regex,
    schemas,
    semver,
    sprintf,
    strings,
    surroundings,
    templates,
    time,
    types,
    units,
    x509,
    yaml_text,
)
_COMPILED: Final = frozenset(
    ("assign", "eq", "internal.print", "internal.test_case", "print", "rego.metadata.chain", "rego.metadata.rule")
)
_CLOCK: Final = frozenset({"time.now_ns", "crypto.x509.parse_and_verify_certificates"})
_RANDOM: Final = frozenset({"rand.intn", "uuid.rfc4122", "io.jwt.encode_sign", "io.jwt.encode_sign_raw"})
_CONTEXT: Final = frozenset({"opa.runtime", "trace", "rego.parse_module"})


def _functions(attribute: str) -> dict[str, tuple[Function, str]]:
    return {
        name: (function, topic.__name__.rpartition(".")[2])
        for topic in _TOPICS
        for name, function in getattr(topic, attribute, {}).items()
    }


def _kind(name: str) -> Kind:
    if name in NETWORK:
        return "network"
    if name in _CLOCK:
        return "clock"
    if name in _RANDOM:
        return "random"
    if name in _CONTEXT or (name in _COMPILED and name not in INFIX):
        return "context"
    if name == "walk":
        return "relation"
    return "operator" if name in INFIX else "pure"


def _table() -> Mapping[str, Builtin]:
    pure, in_context, relations = map(_functions, ("FUNCTIONS", "WITH_CONTEXT", "RELATIONS"))
    with_context = in_context | relations

    def builtin(declared: Signature) -> Builtin:
        name = declared.name
        function, topic = pure.get(name) or with_context.get(name) or (None, "")
        return Builtin(
            name=name,
            function=function,
            arguments=declared.arguments,
            result=declared.result,
            kind=_kind(name),
            infix=INFIX.get(name, ""),
            variadic=declared.variadic,
            deprecated=name in DEPRECATED,
            takes_context=name in with_context,
            topic=topic,
        )

    return MappingProxyType({declared.name: builtin(declared) for declared in signatures()})


BUILTINS: Final[Mapping[str, Builtin]] = _table()
"""All builtins of OPA, by name. Those of kind ``network``, and those the compiler answers, have no function."""
