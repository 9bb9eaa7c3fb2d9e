"""Which fields of an object decide what a policy says of it, read off its expressions before any object is seen."""

from __future__ import annotations

import marshal
from collections.abc import Iterator, MutableMapping

from lockgate.policy.catalogue._among import WORKLOAD
from lockgate.policy.catalogue._places import CONTAINER_LISTS, WORKLOADS
from lockgate.policy.catalogue.kubernetes import ITEM_NAMES, KubernetesPolicy
from lockgate.policy.reads import ANY, Path, Read

_FORMAT = 1
"""Counts up when more is read, or otherwise, off the same expressions: what was read is kept between runs."""
_OBJECT: Path = ("object",)


def reads_of(policy: KubernetesPolicy, pair: tuple[str, str], found: tuple[Read, ...]) -> tuple[Read, ...]:
    """What the policy reads of an object of this group and kind, in paths that begin with ``object``. Of a hit whose
    item has no name of its own (``kubernetes.item_name``) the whole item is read besides. ``found`` is what
    :func:`read_off` gave."""
    roots = _roots(policy, WORKLOADS.get(pair))
    reads: dict[Read, None] = {}
    for path, whole in found:
        for root in roots.get(str(path[0]), ()):
            reads[(*root, *path[1:]), whole] = None
    for root in roots["item"]:
        reads[root, False] = None
        for name in ITEM_NAMES if policy.path is not None else ():
            reads[(*root, name), True] = None
    return tuple(reads)


def _roots(policy: KubernetesPolicy, fields: tuple[str, ...] | None) -> dict[str, list[Path]]:
    """Where in an object the variables of the expressions stand. ``fields`` lead to the Pod, where there is one."""
    roots: dict[str, list[Path]] = {"object": [_OBJECT]}
    pod: Path | None = None
    if fields is not None:
        pod = (*_OBJECT, *fields, "spec")
        roots["podSpec"], roots["podMetadata"] = [pod], [(*_OBJECT, *fields, "metadata")]
    pairs = list(_items(policy, pod))
    roots["item"], roots["parent"] = [item for item, _ in pairs], [parent for _, parent in pairs]
    return roots


def _items(policy: KubernetesPolicy, pod: Path | None) -> Iterator[tuple[Path, Path]]:
    """The items, each with its parent."""
    path = policy.path
    if path is None:
        yield _OBJECT, _OBJECT
        if pod is not None and WORKLOAD in policy.kinds:
            yield pod, _OBJECT
        return
    if path.root == "object":
        found = [(_OBJECT, _OBJECT)]
    elif pod is None:
        return
    elif path.root == "podSpec":
        found = [(pod, _OBJECT)]
    else:
        found = [((*pod, name, ANY), pod) for name in CONTAINER_LISTS]
    for fields in path.lists:
        found = [((*item, *fields, ANY), item) for item, _ in found]
    yield from found


def read_off(policy: KubernetesPolicy, held: MutableMapping[str, bytes]) -> tuple[Read, ...] | None:
    """What the expressions read of their variables, in paths that begin with the name of each; None when that cannot be
    told. ``held`` holds what was read off before, and takes this."""
    key = f"reads {_FORMAT}\n{policy.deny.source}\n{policy.message.source}"
    if key not in held:
        from lockgate.policy.cel.traces import place, traced_each
        from lockgate.policy.reads import NOWHERE

        held[key] = marshal.dumps(traced_each(
            (policy.deny, policy.message), variables=frozenset(("object", "item", "parent")),
            given={"podSpec": place("podSpec"), "podMetadata": place("podMetadata"), "params": NOWHERE},
        ))  # fmt: skip
    found: tuple[Read, ...] | None = marshal.loads(held[key])  # noqa: S302 -- it lies beside compiled code
    return found
