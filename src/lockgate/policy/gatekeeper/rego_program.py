"""A template's Rego, compiled: the rule ``violation`` asked with ``input.review`` and ``input.parameters``.

Each template is a program of its own, so two may ship different libraries of one name. Source: the constraint
framework's ``client/drivers/rego``.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping
from typing import Any

from lockgate.policy.budget import Budget
from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.case import Case
from lockgate.policy.gatekeeper.constraint import Constraint
from lockgate.policy.gatekeeper.template import RegoSource
from lockgate.policy.gatekeeper.violation import Answer
from lockgate.policy.reads import ANY, Read
from lockgate.policy.rego import UNDEFINED, Program, Session, Source, compile_modules, plain
from lockgate.policy.rego.parse.modules import parse_module
from lockgate.policy.rego.syntax import Module, Var
from lockgate.policy.rego.values import Set, json_text
from lockgate.policy.views import View, view_of

RULE = "violation"
_VARYING = frozenset(("parameters",))
"""What differs between the constraints of one template that judge one review."""
_EXTERNAL = ("data", "inventory")
_LIBRARY = ("data", "lib")


class RegoProgram:
    """The compiled logic of one template."""

    __slots__ = ("_path", "_program", "view")

    def __init__(self, program: Program, path: str, view: View | None) -> None:
        self._program = program
        self._path = path
        self.view = view

    def judge(self, case: Case, constraint: Constraint, budget: Budget) -> list[Answer]:
        """What the template says of the review under this constraint; nothing when it holds.

        A builtin that fails is undefined, as in Gatekeeper. Raises :class:`EvaluationError`.
        """
        session = case.memory.get(self)
        if session is None:
            session = case.memory[self] = Session(
                self._program, self._path, {"review": case.rego_review()}, case.data, varying=_VARYING
            )
        found = session.value({"parameters": constraint.parameters}, budget)
        if found is UNDEFINED:
            return []
        if not isinstance(found, Set):
            return [Answer("violation must be a set of objects", error="evaluation")]
        return _answers(found.some())

    def document(self, case: Case) -> Mapping[str, Any]:
        """``input`` without the parameters."""
        return {"review": case.rego_review()}

    def dump(self) -> bytes:
        """Bytes for :func:`load_rego`."""
        return marshal.dumps((self._path, self._program.dump(), None if self.view is None else self.view.code))


def input_of(case: Case, constraint: Constraint) -> dict[str, Any]:
    """``input`` of the template's logic for one constraint."""
    return {"review": case.rego_review(), "parameters": constraint.parameters}


def compile_rego(source: RegoSource) -> RegoProgram:
    """Compile the module and its libraries. Raises :class:`PolicyError` with line, column and excerpt."""
    modules, path = modules_of(source)
    program = compile_modules(modules, entries=(path,))
    return RegoProgram(program, path, _view(program.reads(path)))


def _view(found: tuple[Read, ...] | None) -> View | None:
    """What of the review decides the answers; None when the whole of it may, or the inventory, or when nothing is
    walked through and the answers are found as soon as looked up."""
    if found is None or any(whole and len(path) < 2 for path, whole in found):
        return None
    named = [read for read in found if read[0] and read[0][0] != "parameters"]
    if not all(path[0] == "review" for path, _ in named) or not any(ANY in path for path, _ in named):
        return None
    return view_of(named)


def modules_of(source: RegoSource) -> tuple[list[Source], str]:
    """The module and its libraries, looked over, and the path of the rule asked. Raises :class:`PolicyError`."""
    entry = Source(source.where or "rego", source.module, source.version)
    libs = [
        Source(f"{source.where or 'rego'}: libs[{at}]", text, source.version) for at, text in enumerate(source.libs)
    ]
    module = parse_module(entry)
    _check_imports(module, entry)
    if not any(isinstance(rule.ref.head, Var) and rule.ref.head.name == RULE for rule in module.rules):
        raise PolicyError(f"has no rule {RULE!r}", where=entry.name)
    for lib in libs:
        parsed = parse_module(lib)
        if ("data", *parsed.package)[:2] != _LIBRARY:
            raise PolicyError("the package of a library must begin with lib", where=lib.name)
        _check_imports(parsed, lib)
    package = [str(part) for part in module.package]
    if not package or any("." in part for part in package):
        raise PolicyError("the package must be named by plain words", where=entry.name)
    return [entry, *libs], ".".join(("data", *package, RULE))


def load_rego(source: RegoSource, data: bytes) -> RegoProgram:
    """A program that :meth:`RegoProgram.dump` wrote for the same source; compiled anew when another version of Lockgate
    or Python wrote it. Bytes must come from a place that only the user can write."""
    try:
        path, dumped, view = marshal.loads(data)  # noqa: S302
        return RegoProgram(Program.load(dumped), path, None if view is None else View(view))
    except (ValueError, TypeError, EOFError):
        return compile_rego(source)


def _check_imports(module: Module, source: Source) -> None:
    for imported in module.imports:
        path = tuple(imported.path)
        if path[:1] == ("data",) and path[:2] not in (_LIBRARY, _EXTERNAL):
            raise PolicyError(
                f"imports {'.'.join(path)}, which is not there",
                where=source.name,
                hint="a template may import data.lib and data.inventory",
            )


def _answers(members: Iterable[Any]) -> list[Answer]:
    """One answer for each message with its details, in an order that does not depend on how the set came about.

    A member may come more than once.
    """
    answers: list[Answer] = []
    for member in members:
        message = member.get("msg") if isinstance(member, dict) else None
        if not isinstance(message, str):
            answer = Answer("a member of violation must be an object with a text msg", error="evaluation")
        else:
            answer = Answer(message, plain(member["details"]) if "details" in member else None)
        answers.append(answer)
    if len(answers) < 2:
        return answers
    by_text = {(each.message, "" if each.details is None else json_text(each.details)): each for each in answers}
    return [by_text[key] for key in sorted(by_text)]
