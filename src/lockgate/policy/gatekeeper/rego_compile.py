"""A template's Rego on its way to a program: looked over as Gatekeeper does, and compiled.

Imported when a template is compiled; a kept program needs none of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.parts import INVENTORY, NAMES, UNTOLD, VOLUMES, decided_by
from lockgate.policy.gatekeeper.rego_program import RegoProgram
from lockgate.policy.gatekeeper.template import RegoSource
from lockgate.policy.reads import ANY, EQUALS, WHOLE, Found, Path, Read, every, is_whole
from lockgate.policy.rego import Source, compile_modules
from lockgate.policy.rego.parse.modules import parse_module
from lockgate.policy.rego.syntax import Module, Var
from lockgate.policy.views import View, view_of

RULE = "violation"
_CONDITIONS: Mapping[Path, str] = {("review", *VOLUMES): "volume", ("review", "kind", "kind", EQUALS): "kind"}
_EXTERNAL = ("data", "inventory")
_LIBRARY = ("data", "lib")


def compile_rego(source: RegoSource) -> RegoProgram:
    """Compile the module and its libraries. Raises :class:`PolicyError` with line, column and excerpt."""
    modules, path = modules_of(source)
    program = compile_modules(modules, entries=(path,))
    found = program.found(path)
    if found is None:
        return RegoProgram(program, path, None, UNTOLD)
    return RegoProgram(program, path, _view(every(found)), decided_by(found, _named, _CONDITIONS))


def _view(reads: tuple[Read, ...]) -> View | None:
    """What of the review decides the answers; None when the whole of it may, or the inventory, or when nothing is
    walked through and the answers are found as soon as looked up."""
    if any(whole and len(path) < 2 for path, whole in reads):
        return None
    named = [read for read in reads if read[0] and read[0][0] != "parameters"]
    if not all(path[0] == "review" for path, _ in named) or not any(ANY in path for path, _ in named):
        return None
    return view_of(named)


def _named(found: tuple[Found, ...]) -> tuple[Found, ...] | None:
    """Which reads of the review decide the answers; None when the whole of it may, or more than it."""
    named: list[Found] = []
    for path, level, present in found:
        whole = is_whole(level)
        if path[:1] == ("parameters",) or (len(path) < 2 and not whole and path in ((), ("review",))):
            continue
        if path == (INVENTORY,):
            named.append((path, WHOLE, present))
        elif len(path) > 1 and path[0] == "review" and path[1] in NAMES:
            named.append((path[1:], level, present))
        else:
            return None
    return tuple(named)


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


def _check_imports(module: Module, source: Source) -> None:
    for imported in module.imports:
        path = tuple(imported.path)
        if path[:1] == ("data",) and path[:2] not in (_LIBRARY, _EXTERNAL):
            raise PolicyError(
                f"imports {'.'.join(path)}, which is not there",
                where=source.name,
                hint="a template may import data.lib and data.inventory",
            )
