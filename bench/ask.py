"""Asking in Kusto's language against the SQL that an expert would write by hand, over the same Parquet of audit events.

``python -m bench.ask [--rows N] [--folder F] [--rounds N]``. The rows are made by DuckDB from their numbers, the same
ones each time. Goals at 20 million rows: a median ratio of 1.10 over the queries, 3 ms (p95 15 ms) to compile a query
of the corpus, 0.5 s for the first answer of a cold process. The two run in turns; what each gives must be equal.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from bench._ask_queries import COLUMNS, QUERIES, Question
from bench.kql import cpu_milliseconds
from lockgate.kql import QueryError, bind, parse
from lockgate.kql import duckdb as programs
from lockgate.kql.lower import lower
from lockgate.store.ask import Tables, ask, explain
from lockgate.store.shredding import Shredding
from lockgate.store.terms import making
from lockgate.store.terms.pruning import Files
from lockgate.tables._hot_paths import HOT_PATHS, parsed

_NOW = 639_028_224_000_000_000
_FIRST = datetime(1970, 1, 1)
_ROWS = """
SELECT make_timestamp(1767225600000000 + i * (604800000000 // {rows})) AS TimeGenerated,
    uuid_of AS AuditId,
    CASE WHEN verb IN ('get', 'list', 'watch') THEN 'Metadata' ELSE 'RequestResponse' END AS Level,
    'kube-apiserver-' || (h3 % 4) AS PodName,
    '/api' || CASE WHEN resource IN ('deployments', 'replicasets') THEN 's/apps/v1' ELSE '/v1' END || '/namespaces/'
        || space || '/' || resource || '/' || name AS RequestUri,
    CASE WHEN verb = 'watch' AND h3 % 2 = 0 THEN 'ResponseStarted' ELSE 'ResponseComplete' END AS Stage,
    agents[1 + (h1 % 24)::INTEGER] || '/v1.' || (28 + h1 % 6) || ' (linux/amd64) kubernetes/' || (h1 % 97) AS UserAgent,
    verb AS Verb,
    make_timestamp(1767225600000000 + i * (604800000000 // {rows}) - (h3 % 400000)::BIGINT) AS RequestReceivedTime,
    make_timestamp(1767225600000000 + i * (604800000000 // {rows}) - (h3 % 900)::BIGINT) AS StageReceivedTime,
    '{{"authorization.k8s.io/decision":"' || CASE WHEN h3 % 50 = 0 THEN 'forbid' ELSE 'allow' END
        || '","authorization.k8s.io/reason":"RBAC: allowed by ClusterRoleBinding"}}' AS Annotations,
    CASE WHEN h2 % 40 > 0 THEN '{{"resource":"' || resource || '","namespace":"' || space || '","name":"' || name
        || '","apiVersion":"v1"}}' END AS ObjectRef,
    CASE WHEN verb IN ('create', 'update', 'patch') THEN '{{"kind":"' || resource || '","metadata":{{"name":"' || name
        || '","namespace":"' || space || '"}},"spec":{{"replicas":' || (h2 % 9) || '}}}}' END AS RequestObject,
    NULL::VARCHAR AS ResponseObject,
    '{{"metadata":{{}},"code":' || CASE WHEN h3 % 1000 = 0 THEN 503 WHEN h3 % 50 = 0 THEN 403 WHEN verb = 'create'
        THEN 201 ELSE 200 END || '}}' AS ResponseStatus,
    CASE WHEN h2 % 5 = 0 THEN '["10.240.' || (h2 % 8) || '.' || (h2 % 31) || '","20.50.7.' || (h3 % 12) || '"]'
        ELSE '["10.240.' || (h2 % 8) || '.' || (h2 % 31) || '"]' END AS SourceIps,
    '{{"username":"' || CASE WHEN h1 % 3 = 0 THEN 'system:serviceaccount:' || space || ':runner-' || (h1 % 90)
        ELSE 'user' || (h1 % 150) || '@contoso.example' END || '","groups":["system:authenticated"]}}' AS "User"
FROM (
    SELECT *, verbs[1 + (h2 % 32)::INTEGER] AS verb, resources[1 + (h1 % 12)::INTEGER] AS resource,
        'team-' || (h2 % 60) AS space, 'item-' || (h3 % 5000) AS name,
        printf('%016x-%016x', h1, h2) AS uuid_of
    FROM (
        SELECT i, hash(i) AS h1, hash(i + {rows}) AS h2, hash(i + 2 * {rows}) AS h3,
            ['get', 'get', 'get', 'get', 'get', 'get', 'get', 'get', 'get', 'get', 'get', 'get', 'list', 'list', 'list',
             'list', 'list', 'list', 'list', 'watch', 'watch', 'watch', 'watch', 'watch', 'update', 'update', 'update',
             'patch', 'patch', 'create', 'create', 'delete'] AS verbs,
            ['pods', 'pods', 'pods', 'pods', 'secrets', 'configmaps', 'services', 'endpoints', 'deployments', 'nodes',
             'replicasets', 'events'] AS resources,
            ['kubectl', 'kubelet', 'kube-controller-manager', 'kube-scheduler', 'coredns', 'Helm', 'argocd', 'flux',
             'prometheus', 'gatekeeper', 'keda', 'cert-manager', 'external-dns', 'velero', 'istiod', 'cilium', 'Lens',
             'terraform', 'crossplane', 'trivy', 'falco', 'kured', 'node-exporter', 'metrics-server'] AS agents
        FROM range({rows}) AS r(i)
    )
)
"""


def made(folder: Path, rows: int) -> Path:
    """The file of so many events; written when it is not there."""
    path = folder / f"audit-{rows}.parquet"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        text = _ROWS.format(rows=rows)
        with duckdb.connect() as connection:
            connection.execute("SET enable_progress_bar = false")
            connection.execute(f"COPY ({text}) TO '{part}' (FORMAT parquet, COMPRESSION zstd)")
        part.rename(path)
    return path


def _plain(value: object) -> object:
    """A value as both engines give it: times in ticks, JSON as what it holds."""
    if isinstance(value, datetime):
        since = value - _FIRST
        return 621_355_968_000_000_000 + ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 10
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, str) and value[:1] == "[":
        return sorted(json.loads(value))
    return sorted(value) if isinstance(value, list) else value


def comparable(rows: Iterable[tuple[object, ...]]) -> list[str]:
    """Rows of any engine as texts that are equal where they say the same, in one order."""
    return sorted(repr(tuple(_plain(one) for one in row)) for row in rows)


def _timed(run: Callable[[], Any]) -> tuple[float, float, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = run()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def _compared(question: Question, tables: Tables, source: str, rounds: int) -> tuple[float, float]:
    """The ratio of wall and of CPU time; prints the line. Raises :class:`AssertionError` for different answers."""
    sql = question.sql.format(t=source)
    cursor = tables.connection.cursor()
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for _ in range(rounds):
        wall, cpu, answer = _timed(lambda: ask(question.kql, tables, now=_NOW))
        ours.append((wall, cpu))
        wall, cpu, rows = _timed(lambda: cursor.execute(sql).fetchall())
        theirs.append((wall, cpu))
    cursor.close()
    if question.any_rows:
        assert len(answer.rows) == len(rows), question.name
    else:
        assert comparable(answer.rows) == comparable(rows), f"{question.name}: the answers differ"
    walls, cpus = ([min(one[i] for one in each) for each in (ours, theirs)] for i in (0, 1))
    ratio, ratio_cpu = walls[0] / walls[1], cpus[0] / cpus[1]
    shown = " ".join(f"{one * 1000:9.1f}" for one in (*walls, *cpus))
    python = " Python" if answer.statistics["functions"] or answer.statistics["steps"] else ""
    print(f"{question.name:<18} {shown} {ratio:7.2f} {ratio_cpu:7.2f} {len(rows):7}{python}", flush=True)
    return ratio, ratio_cpu


def _queries(path: Path, rows: int, rounds: int, only: str, explained: bool) -> None:
    tables = Tables(memory="8GB", threads=os.cpu_count() or 2)
    source = f"read_parquet('{path}')"
    tables.add("AKSAudit", COLUMNS, source)
    chosen = [one for one in QUERIES if only in one.name]
    print(f"{rows:,} rows, best of {rounds} in turns (ms)")
    print(f"{'':<18} {'KQL':>9} {'SQL':>9} {'KQL cpu':>9} {'SQL cpu':>9} {'ratio':>7} {'of cpu':>7} {'rows':>7}")
    found = []
    for one in chosen:
        if explained:
            print("\n".join(explain(one.kql, tables, now=_NOW).statements))
        found.append(_compared(one, tables, source, rounds))
    print(f"median ratio {median(one for one, _ in found):.2f}, of CPU time {median(one for _, one in found):.2f}")


_RARE = (
    "RequestUri has 'mimikatz'", "AuditId has '{id}'", "* has 'mimikatz'", "User.username has 'nobody'",
    "ObjectRef.name == 'item-99999'",
)  # fmt: skip


def _rare(path: Path, rounds: int) -> None:
    """Rare terms, asked through filters of the terms that are written beside the file first."""
    wall, cpu, size = _timed(lambda: making.write(str(path)))
    print(f"filters: {size:,} bytes, {size / path.stat().st_size:.1%} of the file, in {wall:.1f} s, {cpu:.1f} of CPU")
    tables = Tables(memory="8GB", threads=os.cpu_count() or 2)
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    files = Files([str(path)], lambda read: f"(SELECT {names} FROM ({read}))")
    tables.add("AKSAudit", COLUMNS, f"read_parquet('{path}')", files=files)
    one = ask("AKSAudit | project AuditId | take 1", tables).rows[0][0]
    for condition in _RARE:
        query = f"AKSAudit | where {condition.replace('{id}', str(one)[:16])} | count"
        spent = [_timed(lambda query=query: ask(query, tables)) for _ in range(rounds)]
        best, best_cpu = (min(each[i] for each in spent) * 1000 for i in (0, 1))
        told = "".join(explain(query, tables).narrowed)
        print(f"{condition:<34} {best:9.1f} ms {best_cpu:9.1f} of CPU {spent[0][2].rows[0][0]:7} rows  {told}")


_BY_PATH = (
    "where ObjectRef.namespace == 'team-5' | count", "where User.username startswith 'system:' | count",
    "where ResponseStatus.code >= 400 | count", "where tostring(ObjectRef.resource) in ('secrets', 'nodes') | count",
    "where ObjectRef.name has 'item-77' | project AuditId, RequestUri | count",
    "summarize count() by tostring(ObjectRef.namespace), toint(ResponseStatus.code) | count",
)


def _by_path(path: Path, rounds: int) -> None:
    """Questions by paths of JSON columns, over the file as it is and over one that keeps them as columns, in turns."""
    kept = path.with_suffix(".paths.parquet")
    shredding = Shredding(tuple(map(parsed, HOT_PATHS["AKSAudit"])), frozenset())
    if not kept.is_file():
        with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as connection:
            connection.execute("SET enable_progress_bar = false")
            read = f"SELECT * FROM '{path}'"
            for suffix, text in ((".plain", read), ("", shredding.written(read))):
                target = kept.with_suffix(suffix or ".parquet")
                copy = f"COPY ({text}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
                wall, cpu, _ = _timed(lambda copy=copy: connection.execute(copy))
                print(f"{target.name}: {target.stat().st_size:,} bytes, {wall:.1f} s, {cpu:.1f} of CPU")
    plain, quick = (Tables(memory="8GB", threads=os.cpu_count() or 2) for _ in range(2))
    plain.add("AKSAudit", COLUMNS, f"read_parquet('{path}')")
    quick.add("AKSAudit", COLUMNS, f"read_parquet('{kept}')", paths=shredding.names())
    print(f"{'ms':<88} {'JSON':>8} {'cpu':>8} {'kept':>8} {'cpu':>8}")
    for one in _BY_PATH:
        spent: tuple[list[Any], list[Any]] = ([], [])
        for _ in range(rounds):
            for tables, own in zip((plain, quick), spent, strict=True):
                own.append(_timed(lambda tables=tables, one=one: ask(f"AKSAudit | {one}", tables)))
        assert spent[0][0][2].rows == spent[1][0][2].rows, one
        best = [min(each[i] for each in own) * 1000 for own in spent for i in (0, 1)]
        print(f"{one:<88} {best[0]:8.0f} {best[1]:8.0f} {best[2]:8.0f} {best[3]:8.0f}")


def _compile(sample: int) -> None:
    """CPU time of each stage over the corpus, against the catalogue of Log Analytics."""
    from tests.kql import oracle

    if not oracle.COLUMNS.is_file():
        print("compiling: needs shared/corpora (LOCKGATE_CORPORA)")
        return
    from lockgate.kql.lower import OpenStep
    from lockgate.kql.lower.partitions import OpenKeys

    tables = Tables()
    for name, columns in oracle.columns().items():
        with contextlib.suppress(Exception):
            tables.add(name, columns)
    stages: dict[str, list[float]] = {"read": [], "bind": [], "lower": [], "program": [], "all": []}
    for one in oracle.queries()[::sample]:
        text = one["text"]
        try:
            tree = parse(text)
            bound = bind(tree, tables.workspace)
            lowered = lower(text, bound, now=_NOW)
            programs.program(lowered, tables.forms())  # makes the tables
        except (QueryError, OpenStep, OpenKeys):
            continue
        spent = [
            cpu_milliseconds(lambda text=text: parse(text)),
            cpu_milliseconds(lambda tree=tree: bind(tree, tables.workspace)),
            cpu_milliseconds(lambda text=text, bound=bound: lower(text, bound, now=_NOW)),
            cpu_milliseconds(lambda lowered=lowered: programs.program(lowered, tables.forms())),
        ]
        for stage, each in zip(stages, (*spent, sum(spent)), strict=True):
            stages[stage].append(each)
    print(f"{len(stages['all'])} queries   median      p95      max   (ms of CPU)")
    for stage, times in stages.items():
        times.sort()
        print(f"{stage:<12} {times[len(times) // 2]:8.2f} {times[int(len(times) * 0.95)]:8.2f} {times[-1]:8.1f}")


def _cold(rounds: int) -> None:
    """The first answer of ``lockgate ask`` in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        times = []
        for _ in range(rounds + 1):
            begun = time.perf_counter()
            command = [sys.executable, "-m", "lockgate", "ask", "print Answer = 6 * 7"]
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            times.append(time.perf_counter() - begun)
            assert done.returncode == 0 and "42" in done.stdout, done.stderr
    print(f"cold `lockgate ask`: best {min(times[1:]) * 1000:.0f} ms, median {median(times[1:]) * 1000:.0f} ms (wall)")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="bench.ask")
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "lockgate-bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="queries with this in their names, and nothing else")
    parser.add_argument("--sample", type=int, default=1, help="compile every so many queries of the corpus")
    parser.add_argument("--terms", action="store_true", help="only rare terms, through filters written first")
    parser.add_argument("--paths", action="store_true", help="only paths of JSON, kept as columns and not")
    parser.add_argument("--explain", action="store_true", help="show the statements too")
    asked = parser.parse_args()
    if asked.terms:
        _rare(made(asked.folder, asked.rows), asked.rounds)
        return
    if asked.paths:
        _by_path(made(asked.folder, asked.rows), asked.rounds)
        return
    _queries(made(asked.folder, asked.rows), asked.rows, asked.rounds, asked.only, asked.explain)
    if not asked.only:
        _compile(asked.sample)
        _cold(asked.rounds)


if __name__ == "__main__":
    main()
