"""Builtin functions of Rego, one module by topic.

Each topic has ``FUNCTIONS`` (name to function of the arguments), and may have ``WITH_CONTEXT`` (functions that take the
context first) and ``RELATIONS`` (with the context first, and many results). What OPA declares about each one is in
``signatures``, ``table`` joins the two, and the contract is in ``contract``. A compiled program names the topics of
what it calls, so that no other is imported to run it.
"""

from __future__ import annotations

from importlib import import_module

from lockgate.policy.rego.builtins.contract import Function


def function_of(name: str, topic: str) -> tuple[Function, bool]:
    """The function of a builtin in a module of this folder, and whether it takes the context first."""
    module = import_module(f"{__name__}.{topic}")
    for attribute in ("WITH_CONTEXT", "RELATIONS"):
        found = getattr(module, attribute, {})
        if name in found:
            return found[name], True
    return module.FUNCTIONS[name], False
