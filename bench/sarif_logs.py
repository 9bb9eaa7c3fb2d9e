"""SARIF logs as a code base of some size gets them from four tools, made here with a fixed seed.

Two thirds of the results quote their line, as Semgrep and CodeQL do when asked; the others give a fingerprint or only a
place. One result in twenty is said twice, one line in eight stands in several files, one result in thirty has a code
flow. The names of the fields are those that the tools write; no log of theirs is copied.
"""

from __future__ import annotations

import random
from typing import Any

import orjson

FILES, RULES = 2_400, 160
_VERBS = ("execute", "render", "load", "open", "post", "format", "join", "decode", "connect", "dump")
_NOUNS = ("query", "template", "request", "payload", "session", "account", "invoice", "token_hash", "cursor", "row")


def made(count: int, *, seed: int = 7) -> bytes:
    """A log with that many results in four runs."""
    chance = random.Random(seed)
    shares = (("Semgrep OSS", 0.4), ("CodeQL", 0.4), ("Bandit", 0.15), ("Trivy", 0.05))
    runs = [_run(name, int(count * share), chance) for name, share in shares]
    runs[0]["results"] += _repeated(runs[0]["results"], count - sum(len(run["results"]) for run in runs), chance)
    return orjson.dumps({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": runs})


def _run(tool: str, count: int, chance: random.Random) -> dict[str, Any]:
    twice = count // 20
    results = [_MAKERS[tool](chance) for _ in range(count - twice)]
    rules = [_rule(tool, number) for number in range(RULES)] if tool != "Trivy" else []
    bases = {"%SRCROOT%": {"uri": "file:///home/runner/work/shop/shop/"}}
    return {
        "tool": {"driver": {"name": tool, "semanticVersion": "1.90.2", "rules": rules}},
        "originalUriBaseIds": bases,
        "results": results + _repeated(results, twice, chance),
    }


def _repeated(results: list[Any], count: int, chance: random.Random) -> list[Any]:
    return [orjson.loads(orjson.dumps(chance.choice(results))) for _ in range(max(count, 0))]


def _rule(tool: str, number: int) -> dict[str, Any]:
    return {
        "id": f"{tool.lower().split()[0]}/rule-{number}",
        "name": f"Rule{number}",
        "shortDescription": {"text": f"{tool} finding number {number}"},
        "fullDescription": {"text": "A value that a caller may choose reaches a place that acts on it. " * 4},
        "help": {"text": "Check the value against a list of what is allowed."},
        "helpUri": f"https://rules.example.org/{number}",
        "defaultConfiguration": {"level": ("error", "warning", "note")[number % 3]},
        "properties": {
            "precision": ("high", "medium")[number % 2],
            "security-severity": f"{number % 10}.{number % 7}",
            "tags": ["security", f"external/cwe/cwe-{20 + number % 80:03}"],
        },
    }


def _code(chance: random.Random) -> str:
    if chance.random() < 0.125:  # a line that people copy
        number = chance.randrange(400)
        return f"    return {_VERBS[number % 10]}({_NOUNS[number // 40]})  # {number}\n"
    verb, noun = chance.choice(_VERBS), chance.choice(_NOUNS)
    return f"        {noun} = self.{verb}(f'{noun}-{{{chance.choice(_NOUNS)}}}', limit={chance.randrange(100_000)})\n"


def _place(chance: random.Random, *, snippet: bool, context: bool = False, base: str = "") -> dict[str, Any]:
    file = chance.randrange(FILES)
    line, column = chance.randrange(1, 900), chance.randrange(1, 40)
    region: dict[str, Any] = {"startLine": line, "startColumn": column, "endLine": line, "endColumn": column + 30}
    artifact: dict[str, Any] = {"uri": f"services/part{file % 60}/src%20main/module_{file}.py"}
    physical: dict[str, Any] = {"artifactLocation": artifact, "region": region}
    if base:
        artifact["uriBaseId"] = base
    if snippet:
        region["snippet"] = {"text": _code(chance)}
    if context:
        code = {"text": _code(chance) * 3}
        physical["contextRegion"] = {"startLine": max(line - 1, 1), "endLine": line + 1, "snippet": code}
    return {"physicalLocation": physical}


def _ruled(tool: str, chance: random.Random) -> dict[str, Any]:
    number = min(chance.randrange(RULES), chance.randrange(RULES))  # some rules fire far more often than others
    return {
        "ruleId": f"{tool}/rule-{number}",
        "message": {"text": f"The value {chance.choice(_NOUNS)} reaches {chance.choice(_VERBS)} unchecked here."},
    }


def _semgrep(chance: random.Random) -> dict[str, Any]:
    return _ruled("semgrep", chance) | {
        "locations": [_place(chance, snippet=True, base="%SRCROOT%")],
        "fingerprints": {"matchBasedId/v1": f"{chance.getrandbits(256):064x}_0"},
        "properties": {},
    }


def _codeql(chance: random.Random) -> dict[str, Any]:
    result = _ruled("codeql", chance)
    result |= {
        "ruleIndex": int(result["ruleId"].rpartition("-")[2]),
        "rule": {"id": result["ruleId"], "index": int(result["ruleId"].rpartition("-")[2])},
        "locations": [_place(chance, snippet=chance.random() < 0.5, context=True, base="%SRCROOT%")],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{chance.getrandbits(64):016x}:1",
            "primaryLocationStartColumnFingerprint": "4",
        },
    }
    if chance.random() < 1 / 12:
        steps = [{"location": _place(chance, snippet=False, base="%SRCROOT%")} for _ in range(chance.randrange(2, 9))]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    return result


def _bandit(chance: random.Random) -> dict[str, Any]:
    grades = {"issue_confidence": chance.choice(("HIGH", "MEDIUM")), "issue_severity": chance.choice(("LOW", "HIGH"))}
    return _ruled("bandit", chance) | {
        "level": chance.choice(("error", "warning")),
        "locations": [_place(chance, snippet=True, context=True)],
        "properties": grades,
    }


def _trivy(chance: random.Random) -> dict[str, Any]:
    number = chance.randrange(4_000)
    place = _place(chance, snippet=False)
    place["message"] = {"text": "package-lock.json: left-pad@1.3.0"}
    place["logicalLocations"] = [{"fullyQualifiedName": f"npm/package-{number % 700}", "kind": "module"}]
    return {
        "ruleId": f"CVE-2030-{10_000 + number}",
        "level": "error",
        "message": {"text": f"Package: package-{number % 700}\nInstalled Version: 1.3.{number % 9}\nSeverity: HIGH"},
        "locations": [place],
    }


_MAKERS = {"Semgrep OSS": _semgrep, "CodeQL": _codeql, "Bandit": _bandit, "Trivy": _trivy}
