"""What Microsoft's parser says of the corpus, and how our answers are put beside its own.

``oracle_answers.txt`` holds its answers (12.4.1) as facts: of each query, by a hash of its text, the code and place of
the first error, or a hash of the names and types of the columns. ``python -m tests.kql.oracle`` writes it anew.
"""

import csv
import hashlib
import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from tests.corpora import CORPORA

from lockgate.kql import Answer, QueryError, Workspace, bind, parse

VERSION = "12.4.1"
HERE = Path(__file__).parent
ANSWERS = HERE / "oracle_answers.txt"
TABLE = HERE.parents[1] / "docs" / "conformance" / "kql.json"
COLUMNS = CORPORA / "tables" / "log_analytics_columns.csv"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
INSTALLED = Path(os.environ.get("LOCKGATE_KUSTO_LANGUAGE") or _CACHE / "lockgate-ci" / f"kusto-language-{VERSION}")
_TYPES = {"double": "real", "bigint": "long"}


def available() -> bool:
    """Whether the parser is installed where ``.ci/run`` puts it."""
    return (INSTALLED / "node_modules" / "@kusto" / "language-service-next" / "bridge.min.js").is_file()


def columns() -> dict[str, dict[str, str]]:
    """The catalogue of Log Analytics: of each table the types of its columns, without rows that stand for nothing."""
    found: dict[str, dict[str, str]] = {}
    with COLUMNS.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            kind = row["type"].lower()
            if re.fullmatch(r"\w+", row["column"], re.ASCII) and kind != "def":
                found.setdefault(row["table"], {})[row["column"]] = _TYPES.get(kind, kind)
    return found


def queries() -> list[dict[str, Any]]:
    """Every query of the corpus: ``name``, ``text`` and ``category``. A name that repeats is numbered (``...#0~2``)."""
    found: list[dict[str, Any]] = []
    for line in (CORPORA / "kql" / "queries.jsonl").read_text("utf-8").splitlines():
        one = json.loads(line)
        found.append({"name": one["id"], "text": one["text"], "category": one["id"].partition("/")[0]})
    for line in (CORPORA / "kql" / "documented.jsonl").read_text("utf-8").splitlines():
        one = json.loads(line)
        found.append({"name": f"documented/{one['id']}", "text": one["query"], "category": "documented"})
    seen: Counter[str] = Counter()
    for query in found:
        seen[query["name"]] += 1
        query["name"] += f"~{seen[query['name']]}" if seen[query["name"]] > 1 else ""
    return found


def key(text: str) -> str:
    """What a query is known by."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def folded(shown: list[list[str]]) -> str:
    """Names and types of columns in one word."""
    return hashlib.sha256(json.dumps(shown, separators=(",", ":")).encode()).hexdigest()[:12]


def ask(texts: list[str], table_file: Path) -> list[str]:
    """The answers of Microsoft's parser, each in one word; ``table_file`` is where it may leave the tables."""
    lines = [f"{table},{name},{type_}" for table, own in columns().items() for name, type_ in own.items()]
    table_file.write_text("\n".join(lines) + "\n")
    script = ["node", str(HERE / "oracle.js"), str(INSTALLED), str(table_file)]
    asked = "".join(json.dumps({"text": one}) + "\n" for one in texts)
    done = subprocess.run(script, input=asked, capture_output=True, text=True, check=True, encoding="utf-8")
    return [_word(json.loads(line), text) for line, text in zip(done.stdout.splitlines(), texts, strict=True)]


def _word(answer: dict[str, Any], text: str) -> str:
    if answer["errors"]:
        # The parser counts in UTF-16; of several errors in one place the first code in order stands.
        start, code = min((_characters(text, start), code) for code, start in answer["errors"])
        return f"{code}@{start}"
    return ("open:" if answer["open"] else "") + folded(answer["columns"])


def _characters(text: str, units: int) -> int:
    return len(text.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore"))


def ours(text: str, workspace: Workspace) -> str:
    """Our answer in the same word."""
    try:
        answer: Answer = bind(parse(text), workspace)
    except QueryError as error:
        start, code = min((one.start, one.code) for one in error.diagnostics)
        return f"{code}@{start}"
    return ("open:" if answer.open else "") + folded([list(one) for one in answer.columns])


def agree(our: str, their: str) -> bool:
    """Whether two answers are the same: an error at the same place, or the same columns in the same order."""
    if "@" in our and "@" in their:
        return our.partition("@")[2] == their.partition("@")[2]
    return our == their


def frozen() -> dict[str, str]:
    """The answers that are kept, by what the query is known by."""
    return dict(line.split(" ") for line in ANSWERS.read_text().splitlines())


def main() -> None:
    """Ask of the whole corpus, and keep the answers."""
    import tempfile

    texts = {key(one["text"]): one["text"] for one in queries()}
    with tempfile.TemporaryDirectory() as folder:
        found = ask(list(texts.values()), Path(folder) / "tables.csv")
    ANSWERS.write_text("".join(f"{one} {word}\n" for one, word in sorted(zip(texts, found, strict=True))))


if __name__ == "__main__":
    main()
