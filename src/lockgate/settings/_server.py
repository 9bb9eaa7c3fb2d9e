"""What ``lockgate.yaml`` says of the server: where people reach it, where it keeps what a team changes."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.settings._setting import setting


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The console and its API."""

    origin: str | None = setting(
        "Where people reach it: `https://lockgate.example`, without a path. Links in notices begin so, passkeys are "
        "bound to it, and requests that name another host are refused. Default: `http://localhost:PORT`."
    )
    names: tuple[str, ...] = setting("Hosts that requests may name beside that of `origin`.", ())
    database: str | None = setting(
        "Reference to the address of the database (`env:NAME`, `file:PATH`), which is `postgresql://USER@HOST/NAME`; "
        "needed where several servers run. Default: SQLite in the workspace."
    )
    job_threads: int = setting("Background jobs at a time.", 2, minimum=1, maximum=64)
