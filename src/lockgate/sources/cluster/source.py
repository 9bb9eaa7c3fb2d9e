"""``ClusterSource``: the objects of one cluster, and the changes after them."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence

from lockgate.model import Object, Skip, SkipKind
from lockgate.sources import Wants
from lockgate.sources.cluster.change import Change
from lockgate.sources.cluster.connection import Connection
from lockgate.sources.cluster.discovery import Resource, discover
from lockgate.sources.cluster.listing import Listing
from lockgate.sources.cluster.watch import watched


class ClusterSource:
    """One cluster. ``versions`` holds, after :meth:`objects`, where a watch of each resource can begin."""

    mode = "cluster"

    def __init__(self, connection: Connection, *, salt: bytes, namespaces: Sequence[str] = (),
                 everything: bool = False) -> None:  # fmt: skip
        """``salt`` keys the hashes of Secret values (empty: no hashes); ``namespaces`` limits to these (empty: all).

        ``everything`` also reads events, leases and measurements.
        """
        self.root = connection.name
        self.versions: dict[tuple[Resource, str], str] = {}
        self._connection, self._salt = connection, salt[:64]
        self._namespaces, self._everything = tuple(namespaces), everything
        self._listed: dict[tuple[str, str], set[str]] = {}
        self._told_all = False

    def objects(self) -> Iterator[Object | Skip]:
        """Every object of every resource that can be listed, in order of group, resource, namespace and name.

        A resource that may not be read, or not to its end, is a Skip and the others go on. ``SourceError`` when the
        server cannot be asked what it has.
        """
        self._connection.begin()
        resources, skips = discover(self._connection, everything=self._everything)
        yield from skips
        self._told_all, self._listed = not skips, {}
        for resource in resources:
            whole = self._listed.setdefault((resource.group, resource.kind), set())
            for namespace in self.scopes(resource):
                listing = Listing(self._connection, resource, self._salt, namespace)
                yield from listing.read()
                if listing.version:
                    self.versions[resource, namespace] = listing.version
                if listing.whole:
                    whole.add(namespace)

    def is_whole(self, api_version: str, kind: str, namespace: str) -> bool:
        """Whether :meth:`objects` yielded everything of a kind in a namespace.

        A kind that is no longer served is whole: nothing is left of it.
        """
        listed = self._listed.get((api_version.rpartition("/")[0], kind))
        if listed is None:
            return self._told_all and not self._namespaces
        return "" in listed or namespace in listed

    def collect(self, wants: Wants) -> Iterator[Object | Skip]:  # noqa: ARG002 -- asked of files, which a cluster has not
        """What :meth:`objects` yields, as every source is asked for it."""
        return self.objects()

    def sibling(self, path: str) -> bytes | None:  # noqa: ARG002 -- the shape of Source
        """A cluster holds no files."""
        return None

    def watch(self, stop: threading.Event | None = None, *, resources: Sequence[Resource] = (),
              ) -> Generator[Change | Skip, None, None]:  # fmt: skip
        """Changes as they happen, from where :meth:`objects` ended, or else from a new list; until ``stop`` is set.

        Reads ``resources``, or every watchable one. Resources that are forgotten by the server (410) are listed anew.
        The end of a watch closes the connection.
        """
        stop = stop or threading.Event()
        if not resources:
            self._connection.begin()
            found, skips = discover(self._connection, everything=self._everything)
            yield from skips
            resources = found
        scopes: list[tuple[Resource, str]] = []
        for resource in resources:
            if resource.watchable:
                scopes += [(resource, namespace) for namespace in self.scopes(resource)]
            else:
                yield Skip(f"{self.root}:{resource.title}", SkipKind.UNSUPPORTED, "can be listed but not watched")
        yield from watched(self._connection, scopes, dict(self.versions), salt=self._salt, stop=stop)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def scopes(self, resource: Resource) -> tuple[str, ...]:
        """The namespaces in which a resource is read; the empty one stands for all."""
        if not self._namespaces:
            return ("",)
        return self._namespaces if resource.namespaced else ()
