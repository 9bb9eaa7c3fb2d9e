"""The questions of ``bench.ask`` put to other engines too, side by side over the same Parquet in one run.

``python -m bench.ask_peers [--rows N] [--folder F] [--rounds N] [--peers PYTHON] [--engines ...]``. Each engine is a
process of its own: Lockgate over DuckDB; SQL written by hand over DuckDB; ``duckdb-kql``; chDB, by its dialect of
Kusto and, where that refuses the question, by SQL written by hand for ClickHouse; Lockgate over Spark on this machine
(``local[2]``), once warmed up. ``duckdb-kql`` and ``chdb`` come from a virtual environment beside the repository's,
whose Python ``LOCKGATE_ASK_PEERS`` names; without it they are passed over with a word. Figures are CPU seconds of the
process and all that it started, the best of the rounds, since the wall of a shared machine says little. Answers are
compared with those of the SQL by hand; "refused" says that the peer cannot answer the question.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median

from bench._ask_queries import COLUMNS, QUERIES, Question

ENGINES = ("lockgate", "sql", "duckdb-kql", "chdb", "spark")
_OF_PEERS = ("duckdb-kql", "chdb")
_NOW = 639_028_224_000_000_000
_CLICKHOUSE = {
    "arg_max": "SELECT UserAgent, max(TimeGenerated), argMax(Verb, TimeGenerated), argMax(RequestUri, TimeGenerated) "
    "FROM AKSAudit GROUP BY 1",
    "JSON filter": "SELECT Verb, count() FROM AKSAudit WHERE JSONExtractString(ifNull(\"User\", ''), 'username') = "
    "'user7@contoso.example' GROUP BY 1",
    "JSON group": "SELECT JSONExtractString(ifNull(ObjectRef, ''), 'resource') AS r, count() FROM AKSAudit "
    "WHERE Stage = 'ResponseComplete' GROUP BY 1",
    "mv-expand": "SELECT Ip, count() FROM AKSAudit "
    "ARRAY JOIN JSONExtract(ifNull(SourceIps, '[]'), 'Array(String)') AS Ip WHERE Verb = 'update' GROUP BY 1",
    "parse": "SELECT splitByChar('/', ifNull(RequestUri, ''))[-3] AS a, "
    "splitByChar('/', ifNull(RequestUri, ''))[-2] AS b, count() FROM AKSAudit WHERE Verb = 'create' GROUP BY 1, 2",
    "percentiles": "SELECT Verb, q[1], q[2], q[3] FROM (SELECT Verb, quantilesExactLow(0.5, 0.95, 0.99)("
    "dateDiff('us', RequestReceivedTime, StageReceivedTime) / 1000) AS q FROM AKSAudit GROUP BY 1)",
    "take": "SELECT TimeGenerated, RequestUri, UserAgent FROM AKSAudit "
    "WHERE JSONExtractInt(ifNull(ResponseStatus, ''), 'code') >= 500 LIMIT 100",
}
"""For what the dialect of ClickHouse refuses."""
Answer = list[tuple[object, ...]]
Engine = Callable[[Question], tuple[Answer, str]]
"""The rows, and a word about how."""


class RefusedError(Exception):
    """The engine cannot answer that."""


def _by_lockgate(path: str) -> Engine:
    from lockgate.store.ask import Tables, ask

    tables = Tables(memory="8GB", threads=2)
    tables.add("AKSAudit", COLUMNS, f"read_parquet('{path}')")
    return lambda one: (list(ask(one.kql, tables, now=_NOW).rows), "")


def _by_sql(path: str) -> Engine:
    import duckdb

    connection = duckdb.connect(config={"threads": 2, "memory_limit": "8GB"})
    connection.execute("SET enable_progress_bar = false")
    return lambda one: (connection.execute(one.sql.format(t=f"read_parquet('{path}')")).fetchall(), "")


def _by_duckdb_kql(path: str) -> Engine:
    import duckdb_kql  # type: ignore[import-not-found]

    connection = duckdb_kql.connect()
    connection.execute("SET enable_progress_bar = false; SET threads = 2; SET memory_limit = '8GB'")
    # It knows what is dynamic by DuckDB's type for JSON.
    listed = ", ".join(
        f'"{name}"::JSON AS "{name}"' if kind == "dynamic" else f'"{name}"' for name, kind in COLUMNS.items()
    )
    connection.execute(f"CREATE VIEW AKSAudit AS SELECT {listed} FROM read_parquet('{path}')")

    def asked(one: Question) -> tuple[Answer, str]:
        try:
            return duckdb_kql.query(connection, one.kql).fetchall(), ""
        except duckdb_kql.KqlUnsupportedError as error:
            raise RefusedError(str(error)) from None

    return asked


def _by_chdb(path: str) -> Engine:
    from chdb import session  # type: ignore[import-not-found]

    opened = session.Session()
    opened.query("CREATE DATABASE bench")
    opened.query("USE bench")
    opened.query("SET max_threads = 2, allow_experimental_kusto_dialect = 1")
    opened.query(f"CREATE VIEW AKSAudit AS SELECT * FROM file('{path}', Parquet)")

    def rows(text: str) -> Answer:
        import io

        import pyarrow as pa  # type: ignore[import-not-found]

        content = bytes(opened.query(text, "ArrowStream").bytes())
        table = pa.ipc.open_stream(io.BytesIO(content)).read_all()
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def asked(one: Question) -> tuple[Answer, str]:
        try:
            opened.query("SET dialect = 'kusto'")
            return rows(one.kql), ""
        except RuntimeError:
            opened.query("SET dialect = 'clickhouse'")
            return rows(_CLICKHOUSE[one.name]), "by SQL"

    return asked


def _by_spark(path: str) -> Engine:
    from lockgate.store.ask import Tables, ask
    from lockgate.store.ask.spark import Spark, connect
    from lockgate.store.ask.tables import Parquet

    tables = Tables(memory="1GB", threads=2)
    tables.add("AKSAudit", COLUMNS, f"read_parquet('{path}')", parquet=Parquet((path,), Path(path).stat().st_size))
    engine = Spark(tables, connect("local[2]", {"spark.driver.memory": "3g"}))
    ask("AKSAudit | take 1", tables, engine=engine, now=_NOW)
    return lambda one: (list(ask(one.kql, tables, engine=engine, now=_NOW).rows), "")


_MADE = {"lockgate": _by_lockgate, "sql": _by_sql, "duckdb-kql": _by_duckdb_kql, "chdb": _by_chdb, "spark": _by_spark}


def _started() -> Iterator[int]:
    """Processes below this one."""
    parents: dict[int, int] = {}
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(one.parent.name)] = int(one.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
    below = {os.getpid()}
    while more := {each for each, parent in parents.items() if parent in below} - below:
        below |= more
    yield from below - {os.getpid()}


_ticks: dict[int, int] = {}
"""What each process that was started had used when it was last looked at."""


def _cpu() -> float:
    """CPU seconds of this process and those that it started, as far as they were seen before they ended."""
    for each in _started():
        with contextlib.suppress(OSError):  # it has ended
            _ticks[each] = sum(map(int, Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return time.process_time() + sum(_ticks.values()) / os.sysconf("SC_CLK_TCK")


def _peak() -> int:
    """MB at the most, of all of them."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    for each in _started():
        with contextlib.suppress(OSError, IndexError):  # it has ended
            own += int(Path(f"/proc/{each}/status").read_text().partition("VmHWM:")[2].split()[0]) >> 10
    return own


def _worked(engine: str, path: str, rounds: int) -> None:
    """All questions by one engine, each as a pickle on standard output."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is none of it
    asked = _MADE[engine](path)
    for one in QUERIES:
        best, wall = float("inf"), float("inf")
        rows: Answer = []
        how = ""
        for _ in range(rounds):
            begun, spent = time.perf_counter(), _cpu()
            try:
                rows, how = asked(one)
            except RefusedError as error:
                how = f"refused: {error}"
                break
            except Exception as error:
                how = f"refused: {type(error).__name__}: {error}"
                break
            best, wall = min(best, _cpu() - spent), min(wall, time.perf_counter() - begun)
        plain = [tuple(map(_plain, row)) for row in rows]
        pickle.dump((one.name, best, wall, plain, how, _peak()), out)
        out.flush()


def _plain(value: object) -> object:
    """Without types of a peer's own and zones, all of which are UTC."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return datetime(*moment.timetuple()[:6], moment.microsecond)
    return float(value) if isinstance(value, Decimal) else value


Told = dict[str, tuple[float, float, Answer, str, int]]


def _run(engine: str, python: str, path: Path, rounds: int) -> Told:
    """What one engine says, in a process of its own; nothing where it is not here."""
    command = [python, "-m", "bench.ask_peers", "--work", engine, "--file", str(path), "--rounds", str(rounds)]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
        assert process.stdout is not None
        found: Told = {}
        try:
            while True:
                name, *rest = pickle.load(process.stdout)
                found[name] = tuple(rest)
        except EOFError:
            pass
        if process.wait() or len(found) < len(QUERIES):
            errors.seek(0)
            print(f"{engine} ended early: {errors.read()[-600:].decode(errors='replace')}")
    return found


def _shown(all_told: dict[str, Told]) -> None:
    from bench.ask import comparable

    engines = list(all_told)
    ratios: dict[str, list[float]] = {one: [] for one in engines}
    for which, title in ((0, "CPU s"), (1, "wall s")):
        print(f"| {title} | {' | '.join(engines)} |\n|---|{'---|' * len(engines)}")
        for question in QUERIES:
            cells = []
            for engine in engines:
                spent = all_told[engine].get(question.name)
                if spent is None or spent[3].startswith("refused"):
                    cells.append("refused")
                    continue
                mark = f" ({spent[3]})" if spent[3] else ""
                cells.append(f"{spent[which]:.2f}{mark}")
                if not which:
                    ratios[engine].append(spent[0] / all_told["lockgate"][question.name][0])
            print(f"| {question.name} | {' | '.join(cells)} |")
        print()
    for engine in engines:
        told = all_told[engine]
        if not ratios[engine]:
            continue
        peak = max((one[4] for one in told.values()), default=0)
        spread = f"{median(ratios[engine]):.2f} times, {min(ratios[engine]):.2f} to {max(ratios[engine]):.2f}"
        print(f"{engine}: {len(ratios[engine])} of {len(QUERIES)} answered, CPU of Lockgate's {spread}; {peak} MB")
    for engine in engines:
        for question in QUERIES:
            own, theirs = all_told[engine].get(question.name), all_told["sql"].get(question.name)
            if own is None or theirs is None:
                continue
            if own[3].startswith("refused"):
                print(f"{engine}, {question.name}: {own[3][:200]}")
            elif question.any_rows:
                assert len(own[2]) == len(theirs[2]), (engine, question.name)
            elif comparable(own[2]) != comparable(theirs[2]):
                one, other = (sorted(set(comparable(each))) for each in (own[2], theirs[2]))
                only = [next((each for each in a if each not in b), "") for a, b in ((one, other), (other, one))]
                print(f"{engine}, {question.name}: another answer, of {len(own[2])} rows: {only}"[:400])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="bench.ask_peers")
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "lockgate-bench")
    parser.add_argument("--rounds", type=int, default=2)
    peers = os.environ.get("LOCKGATE_ASK_PEERS", "")
    parser.add_argument("--peers", default=peers, help="Python with chdb and duckdb-kql")
    parser.add_argument("--engines", nargs="+", default=ENGINES, choices=ENGINES)
    parser.add_argument("--work", default="", help=argparse.SUPPRESS)
    parser.add_argument("--file", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        _worked(asked.work, asked.file, asked.rounds)
        return
    from bench.ask import made

    path = made(asked.folder, asked.rows)
    all_told: dict[str, Told] = {}
    for engine in dict.fromkeys(("lockgate", "sql", *asked.engines)):
        if engine in _OF_PEERS and not asked.peers:
            print(f"{engine}: not run, LOCKGATE_ASK_PEERS names no Python that has it")
            continue
        python = asked.peers if engine in _OF_PEERS else sys.executable
        all_told[engine] = _run(engine, python, path, asked.rounds if engine != "spark" else 1)
    _shown(all_told)


if __name__ == "__main__":
    main()
