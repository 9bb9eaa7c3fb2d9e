"""CPU time of reading and binding KQL: every query of the corpus against the catalogue of Log Analytics.

``python -m bench.kql``. The goal for reading is a median of 1 ms. Wall time says nothing on a shared machine.
"""

import contextlib
import time
from collections.abc import Callable

from tests.kql import oracle

from lockgate.kql import QueryError, Workspace, bind, parse

_ROUNDS = 3


def cpu_milliseconds(run: Callable[[], object]) -> float:
    """Milliseconds of CPU time, the best of three."""
    best = float("inf")
    for _ in range(_ROUNDS):
        begun = time.process_time()
        with contextlib.suppress(QueryError):
            run()
        best = min(best, time.process_time() - begun)
    return best * 1000


def _shown(name: str, spent: list[float]) -> None:
    spent.sort()
    places = (len(spent) // 2, int(len(spent) * 0.95), len(spent) - 1)
    median, high, most = (spent[place] for place in places)
    print(f"{name:<16} {median:8.2f} {high:8.2f} {most:8.1f} {sum(spent) / 1000:8.2f}")


def main() -> None:
    """Print the table."""
    if not oracle.COLUMNS.is_file():
        print("needs shared/corpora (LOCKGATE_CORPORA)")
        return
    workspace = Workspace(oracle.columns())
    texts = [one["text"] for one in oracle.queries()]
    for text in texts:  # tables are made and operators resolved when they are first asked for
        cpu_milliseconds(lambda text=text: bind(parse(text), workspace))
    reading = [cpu_milliseconds(lambda text=text: parse(text)) for text in texts]
    both = [cpu_milliseconds(lambda text=text: bind(parse(text), workspace)) for text in texts]
    print(f"{len(texts)} queries     median      p95      max  total s   (ms of CPU)")
    _shown("read", reading)
    _shown("read and bind", both)


if __name__ == "__main__":
    main()
