"""The team's database: SQLite or PostgreSQL through SQLAlchemy Core, transactions, and bringing it up to date.

Every write is one transaction that holds the write lock from its beginning, so that what was read in it still holds
when it is written: on SQLite by ``BEGIN IMMEDIATE``; on PostgreSQL, where writers run beside each other, by a lock that
those take who decide over what they read (:func:`locked`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, SQLAlchemyError

from lockgate.errors import ConfigurationError, StoreError, UsageError

Transaction = Connection
"""An open transaction, as parts above the store name it, which know no database."""
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
FILE = "team.db"
_WAIT_SECONDS = 15
_READING = "lockgate_reading"
_ALSO: ContextVar[Callable[[Connection], None] | None] = ContextVar("lockgate_also", default=None)
_MIGRATING = 0x6C6F636B
"""Key of the lock of PostgreSQL under which one server brings the database up to date."""


class TeamDatabase:
    """One database; a context manager. Every method raises :class:`StoreError` when it cannot be used."""

    def __init__(self, url: str) -> None:
        """``url``: ``sqlite:///path`` or ``postgresql://user@host/name``. Opens nothing yet."""
        self._engine = _engine(url)
        self.where = self._engine.url.render_as_string(hide_password=True)
        """For people to read; without a password."""

    @classmethod
    def open(cls, folder: Path, url: str = "") -> TeamDatabase:
        """The database of a workspace, up to date; ``url`` names another place than the workspace itself."""
        database = cls(url or f"sqlite:///{Path(folder) / FILE}")
        database.migrate()
        return database

    def __enter__(self) -> TeamDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_shared(self) -> bool:
        """Whether several servers may use it at once."""
        return self._engine.dialect.name == "postgresql"

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes; all of it holds, or none."""
        with self._told(), self._engine.begin() as connection:
            yield connection
            if (also := _ALSO.get()) is not None:
                also(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, one state throughout."""
        with self._told(), self._engine.connect() as connection:
            yield connection.execution_options(**{_READING: True})

    def ping(self) -> None:
        """Whether it answers. Raises :class:`StoreError` where it does not."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def migrate(self) -> None:
        """Bring the database up to date. Several servers may try at once; one does it. A database that a newer
        Lockgate made is refused."""
        with self._told():
            if self._version() != head():
                self._upgrade()

    def _version(self) -> str:
        with self._engine.connect() as connection:
            connection = connection.execution_options(**{_READING: True})
            if not self._engine.dialect.has_table(connection, "alembic_version"):
                return ""
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        version = str(found or "")
        if version and version not in revisions():
            raise StoreError(f"is at {version}, which this Lockgate does not know", where=self.where,
                             hint="a newer Lockgate made it: use that one")  # fmt: skip
        return version

    def _upgrade(self, to: str = "head") -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(files(__package__) / "migrations"))
        with self._engine.begin() as connection:
            if self.is_shared:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
            config.attributes["connection"] = connection
            command.upgrade(config, to)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:  # a zero byte, a text longer than its column: nothing is wrong with the database
            raise UsageError("that holds something that the database cannot keep", hint=_reason(error)) from error
        except SQLAlchemyError as error:
            raise StoreError(_reason(error), where=self.where, hint=_hint(error)) from error


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError("is no address of a database", where="server.database", hint=_FORMS) from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "postgresql+psycopg":
        return create_engine(parsed, pool_pre_ping=True, pool_size=5, max_overflow=15, pool_timeout=_WAIT_SECONDS,
                             connect_args={"connect_timeout": _WAIT_SECONDS})  # fmt: skip
    if parsed.drivername != "sqlite" or not parsed.database:
        raise ConfigurationError(f"{parsed.drivername} is not supported", where="server.database", hint=_FORMS)
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": _WAIT_SECONDS, "isolation_level": None})
    event.listen(engine, "connect", _write_ahead)
    event.listen(engine, "begin", _begin)
    return engine


_FORMS = "sqlite:///path/to/team.db or postgresql://user@host/name"


def _write_ahead(connection: Any, _: object) -> None:
    connection.execute(f"PRAGMA busy_timeout={_WAIT_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # what was answered must outlast a power cut
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(_READING) else "BEGIN IMMEDIATE")


@contextmanager
def with_each_change(what: Callable[[Connection], None]) -> Iterator[None]:
    """Have every transaction that writes, of whatever is called from here, end by doing ``what``: it holds only where
    that went well."""
    before = _ALSO.set(what)
    try:
        yield
    finally:
        _ALSO.reset(before)


def locked(connection: Connection, name: str) -> None:
    """Hold the lock of that name until the transaction ends. On SQLite every write holds the one lock there is."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


@cache
def revisions() -> tuple[str, ...]:
    """The names of all migrations, oldest first: their files are numbered."""
    folder = files(__package__) / "migrations" / "versions"
    names = (one.name for one in folder.iterdir())
    return tuple(sorted(name.removesuffix(".py") for name in names if name[:4].isdigit() and name.endswith(".py")))


def head() -> str:
    """The newest migration."""
    return revisions()[-1]


def _reason(error: SQLAlchemyError) -> str:
    """Without the statement and its values, which may be of people."""
    told = str(error.orig).strip().splitlines()[0] if isinstance(error, DBAPIError) and str(error.orig).strip() else ""
    return f"the database could not be used: {told or type(error).__name__}"


def _hint(error: SQLAlchemyError) -> str:
    locked_out = isinstance(error, DBAPIError) and "locked" in str(error.orig)
    return "another process holds it for long: try again" if locked_out else "is it running, and may it be written?"
