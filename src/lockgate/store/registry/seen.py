"""What is known of a registry: which digest a tag names, how an image was judged, what it stands on.

It is what the next look at the registry is held against, and what a moved base is found by.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from lockgate.dataclass import dataclass
from lockgate.store.registry.database import RegistryDatabase


@dataclass(frozen=True, slots=True)
class Judged:
    """How an image was judged."""

    digest: str
    run: str
    """Of the record."""
    verdict: str
    base_name: str = ""
    """As its builder stated it; empty: it did not."""
    base_digest: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """An image that a tag names now, and the base that it stands on."""

    repository: str
    tag: str
    digest: str
    base_name: str
    base_digest: str


class Seen:
    """One registry, as the workspace knows it."""

    def __init__(self, database: RegistryDatabase, registry: str, clock: Callable[[], float] = time.time) -> None:
        self._database, self._registry, self._clock = database, registry, clock

    def judged(self, repository: str, digest: str) -> Judged | None:
        """How an image of that digest was judged; None where it was not."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT digest, run, verdict, base_name, base_digest FROM verdicts WHERE registry = ? AND "
                "repository = ? AND digest = ?", (self._registry, repository, digest),
            ).fetchone()  # fmt: skip
        return None if row is None else Judged(*row)

    def judge(self, repository: str, one: Judged) -> None:
        """Keep how it was judged."""
        with self._database.changed() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (self._registry, repository, one.digest, one.run, one.verdict, self._clock(), one.base_name,
                 one.base_digest),
            )  # fmt: skip

    def add_chain(self, repository: str, digest: str, chain: str) -> None:
        """Keep what all layers of an image are called by, so that images on it are known."""
        with self._database.changed() as connection:
            connection.execute("INSERT OR IGNORE INTO chains VALUES (?, ?, ?, ?)",
                               (self._registry, chain, repository, digest))  # fmt: skip

    def named_by_chain(self, chains: Sequence[str]) -> tuple[str, str] | None:
        """Name and digest of the image whose layers are called by the last of ``chains`` that any is called by.

        Only images that a tag names now. Of several tags ``latest`` counts, else the shortest: that is what moves.
        """
        for chain in reversed(chains):
            with self._database.read() as connection:
                row = connection.execute(
                    "SELECT t.repository, t.tag, c.digest FROM chains c LEFT JOIN members m ON "
                    "m.registry = c.registry AND m.repository = c.repository AND m.digest = c.digest "
                    "JOIN tags t ON t.registry = c.registry AND t.repository = c.repository AND "
                    "t.digest IN (c.digest, m.top) WHERE c.registry = ? AND c.chain = ? "
                    "ORDER BY t.tag <> 'latest', length(t.tag), t.repository, t.tag LIMIT 1", (self._registry, chain),
                ).fetchone()  # fmt: skip
            if row is not None:
                return f"{self._registry}/{row[0]}:{row[1]}", str(row[2])
        return None

    def members(self, repository: str, top: str) -> list[str]:
        """The images of an index, by digest."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT digest FROM members WHERE registry = ? AND repository = ? AND top = ?",
                (self._registry, repository, top),
            )
            return [row[0] for row in rows]

    def add_members(self, repository: str, top: str, images: Iterable[str]) -> None:
        """Keep which images an index has."""
        with self._database.changed() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO members VALUES (?, ?, ?, ?)",
                [(self._registry, repository, top, digest) for digest in images],
            )

    def tagged(self, repository: str, tag: str) -> str:
        """The digest that a tag named when it was looked at last; empty where it is not known."""
        with self._database.read() as connection:
            row = connection.execute("SELECT digest FROM tags WHERE registry = ? AND repository = ? AND tag = ?",
                                     (self._registry, repository, tag)).fetchone()  # fmt: skip
        return "" if row is None else str(row[0])

    def tag(self, repository: str, tag: str, digest: str) -> None:
        """Keep what a tag names."""
        with self._database.changed() as connection:
            connection.execute("INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?, ?)",
                               (self._registry, repository, tag, digest, self._clock()))  # fmt: skip

    def untag(self, repository: str, tag: str) -> None:
        """The tag is gone."""
        with self._database.changed() as connection:
            connection.execute("DELETE FROM tags WHERE registry = ? AND repository = ? AND tag = ?",
                               (self._registry, repository, tag))  # fmt: skip

    def forget(self, repository: str, digest: str) -> int:
        """The image is gone, and every tag of it; how many."""
        with self._database.changed() as connection:
            return connection.execute("DELETE FROM tags WHERE registry = ? AND repository = ? AND digest = ?",
                                      (self._registry, repository, digest)).rowcount  # fmt: skip

    def unknown(self, repository: str, tags: Sequence[str]) -> list[str]:
        """Of ``tags`` those that were never looked at, in their order. At most some thousands are asked for at once."""
        with self._database.read() as connection:
            known: set[str] = set()
            for at in range(0, len(tags), 500):
                some = tags[at : at + 500]
                marks = ",".join("?" * len(some))
                rows = connection.execute(
                    f"SELECT tag FROM tags WHERE registry = ? AND repository = ? AND tag IN ({marks})",  # noqa: S608 -- question marks
                    (self._registry, repository, *some),
                )
                known.update(row[0] for row in rows)
        return [one for one in tags if one not in known]

    def longest_ago(self, most: int) -> list[tuple[str, str, str]]:
        """Repository, tag and digest of the tags that were looked at longest ago."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT repository, tag, digest FROM tags WHERE registry = ? ORDER BY looked LIMIT ?",
                (self._registry, most),
            )
            return [(row[0], row[1], row[2]) for row in rows]

    def standing(self, base_names: Sequence[str] = ()) -> list[Standing]:
        """Images that a tag names now and that state their base; of ``base_names`` alone where any are given."""
        marks = ",".join("?" * len(base_names))
        only = f"AND v.base_name IN ({marks})" if base_names else ""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT t.repository, t.tag, v.digest, v.base_name, v.base_digest FROM tags t "  # noqa: S608 -- question marks
                "LEFT JOIN members m ON m.registry = t.registry AND m.repository = t.repository AND m.top = t.digest "
                "JOIN verdicts v ON v.registry = t.registry AND v.repository = t.repository AND "
                f"v.digest = coalesce(m.digest, t.digest) WHERE t.registry = ? AND v.base_name <> '' {only} "
                "ORDER BY 4, 1, 2", (self._registry, *base_names),
            )  # fmt: skip
            return [Standing(*row) for row in rows]

    def marked(self, name: str) -> float:
        """When something was done last, by its name; 0 for never."""
        with self._database.read() as connection:
            row = connection.execute("SELECT at FROM marks WHERE name = ?", (f"{self._registry} {name}",)).fetchone()
        return 0.0 if row is None else float(row[0])

    def claim(self, name: str, *, every: float) -> bool:
        """Whether something that is done every so many seconds is due; then it counts as done by whoever asked."""
        now = self._clock()
        with self._database.changed() as connection:
            return bool(connection.execute(
                "INSERT INTO marks VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE at <= ?",
                (f"{self._registry} {name}", now, now - every),
            ).rowcount)  # fmt: skip
