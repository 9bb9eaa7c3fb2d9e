"""What a policy may ask of its surroundings: ``opa.runtime`` and ``trace``."""

from __future__ import annotations

from typing import Final

from lockgate.policy.rego.builtins.contract import Context, Function, string
from lockgate.policy.rego.values import Value


def runtime(context: Context) -> Value:
    """What the caller wants a policy to know of where it runs; an empty object unless it says more."""
    return dict(context.runtime)


def trace(context: Context, note: Value) -> Value:
    """Notes are printed, where printing is wanted. Always true."""
    text = string(note, 1)
    if context.print is not None:
        context.print(text)
    return True


WITH_CONTEXT: Final[dict[str, Function]] = {"opa.runtime": runtime, "trace": trace}
