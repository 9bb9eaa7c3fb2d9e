"""Rego: parsed, checked, compiled to Python source, and evaluated on plain JSON."""

from __future__ import annotations

from lockgate.policy.rego.program import DEFAULT_REFUSED, Program, compile_modules
from lockgate.policy.rego.run.state import RegoEvaluationError
from lockgate.policy.rego.session import Session
from lockgate.policy.rego.source import Problem, RegoError, Source
from lockgate.policy.rego.values import UNDEFINED, plain

__all__ = [
    "DEFAULT_REFUSED", "UNDEFINED", "Problem", "Program", "RegoError", "RegoEvaluationError", "Session",
    "Source", "compile_modules", "plain",
]  # fmt: skip
