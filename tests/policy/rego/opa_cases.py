"""Runs OPA's own cases: YAML files with modules, a query, and what is expected of it."""

from __future__ import annotations

import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests import go_modules

from lockgate.policy.errors import EvaluationError
from lockgate.policy.rego import UNDEFINED, RegoError, Source, compile_modules, plain
from lockgate.policy.rego.values import Set, in_order, key_of

NOW_NS = 1_767_225_600_000_000_000  # 2026-01-01, when the certificates in the cases are valid
TABLE = Path(__file__).parents[3] / "docs" / "conformance" / "rego.json"
_NETWORK = ("http.send", "net.lookup_ip_addr")


@dataclass(frozen=True)
class Case:
    """One case."""

    version: str
    """``v0`` or ``v1``."""
    category: str
    """The folder."""
    note: str
    """Its name, unique within a version."""
    place: str
    """File and number within it."""
    body: dict[str, Any]
    """As the file has it."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as Go reads it: ``on`` and ``yes`` are text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))


def table() -> dict[str, Any]:
    """The version of OPA, the passes by category, and the cases that fail with the reason."""
    found: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return found


def folder(given: str) -> Path | None:
    """The folder of cases: the one given, or the one in the Go module cache; None when there is neither."""
    if given:
        return Path(given)
    held = go_modules.module("github.com/open-policy-agent/opa", table()["opa"])
    cases_of_it = held / "v1/test/cases/testdata" if held is not None else None
    return cases_of_it if cases_of_it is not None and cases_of_it.is_dir() else None


def name_of(case: Case) -> str:
    """What the table calls a case. Notes are not unique, so the file's name and the place in it go along."""
    return f"{case.version}/{case.category}/{case.note}#{case.place}"


def categories(folder: Path) -> list[str]:
    """``v0/aggregates``, ..."""
    return sorted(
        f"{version}/{path.name}" for version in ("v0", "v1") for path in (folder / version).iterdir() if path.is_dir()
    )


def cases(folder: Path, category: str) -> Iterator[Case]:
    """The cases of one category, in the files' order."""
    version, _, name = category.partition("/")
    for path in sorted((folder / category).rglob("*.yaml")):
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)
        for number, body in enumerate(document["cases"]):
            yield Case(version, name, body["note"], f"{path.stem}:{number}", body)


def run(case: Case) -> str:
    """Empty when the case passes, and else what went wrong."""
    body = case.body
    answers: list[dict[str, Any]] = []
    error: Exception | None = None
    try:
        program = compile_modules(
            [Source(f"test-{n}.rego", text, case.version) for n, text in enumerate(body.get("modules") or ())],
            refuse=frozenset(),
        )
        answers = program.query(
            body["query"], _input(body), _keyed(body.get("data") or {}), strict=bool(body.get("strict_error")),
            now_ns=NOW_NS, dice=random.Random(1), runtime={"env": body["env"]} if body.get("env") else {},
        )  # fmt: skip
    except (RegoError, EvaluationError) as caught:
        error = caught
    wanted_text, wanted_code = body.get("want_error"), body.get("want_error_code")
    if wanted_text is not None or wanted_code is not None:
        if error is None:
            return f"no error, wanted {wanted_code or wanted_text}; got {answers}"
        if wanted_text is not None:
            return "" if wanted_text in str(error) else f"wanted {wanted_text!r}, got {str(error)!r}"
        code = getattr(error, "rego_code", "")
        return "" if code == wanted_code else f"wanted code {wanted_code}, got {error}"
    if error is not None:
        return f"error: {error}"
    return _compared(body, answers)


def _input(body: dict[str, Any]) -> Any:
    if "input_term" in body:
        found = compile_modules([]).query(f"x := {body['input_term']}")
        return found[0]["x"]
    return _keyed(body["input"]) if "input" in body else UNDEFINED


def _compared(body: dict[str, Any], answers: list[dict[str, Any]]) -> str:
    wanted = body.get("want_result")
    if wanted is None:
        return "the case names nothing to expect"
    sort = bool(body.get("sort_bindings"))
    got = [{name: _sorted(plain(value), sort) for name, value in answer.items()} for answer in answers]
    wanted = [plain(_keyed(answer)) for answer in wanted]
    if Set(wanted) == Set(got):
        return ""
    return f"wanted {in_order(wanted)}, got {in_order(got)}"


def _keyed(value: Any) -> Any:
    """YAML's values as Rego's: keys that are not text get their key form."""
    if isinstance(value, dict):
        return {key_of(key): _keyed(item) for key, item in value.items()}
    return [_keyed(item) for item in value] if isinstance(value, list) else value


def _sorted(value: Any, sort: bool) -> Any:
    return in_order(value) if sort and isinstance(value, list) else value


def _write(found: Path) -> None:
    """Run everything and write the table, with the reasons that it had."""
    before = table()
    after: dict[str, Any] = {"opa": before["opa"], "categories": {}, "failing": {}, "not_applicable": {}}
    reasons = {**before["failing"], **before["not_applicable"]}
    for category in categories(found):
        count: Counter[str] = Counter()
        for case in cases(found, category):
            count["all"] += 1
            wrong = run(case)
            if not wrong:
                count["passed"] += 1
                continue
            text = json.dumps(case.body)
            offline = not any(name in text for name in _NETWORK) and "test.sleep" not in text
            name = name_of(case)
            missing = re.search(r"undefined function (\S+)", wrong)
            default = f"`{missing[1]}` is not answered" if missing else "open: " + wrong[:160]
            default = default if offline else "needs the network, or a clock that goes on"
            reason = reasons.get(name, "")
            after["failing" if offline else "not_applicable"][name] = (
                default if not reason or "is not answered" in reason or reason.startswith("open: ") else reason
            )
        after["categories"][category] = [count["passed"], count["all"]]
    lines = json.dumps(after, indent=1, ensure_ascii=False, sort_keys=True)
    TABLE.write_text(re.sub(r"\[\s+(\d+),\s+(\d+)\s+\]", r"[\1, \2]", lines) + "\n", encoding="utf-8")
    passed = sum(n for n, _ in after["categories"].values())
    print(f"{passed} of {sum(n for _, n in after['categories'].values())}")  # noqa: T201


if __name__ == "__main__":
    place = folder(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LOCKGATE_OPA_CASES", ""))
    if place is None:
        sys.exit("OPA's module is not in the Go module cache: run .ci/fetch-cases")
    _write(place)
