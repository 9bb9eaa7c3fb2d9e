"""Which fields of an object decide what a policy says of it, read off its expressions before any object is seen."""

from __future__ import annotations

import marshal
from collections.abc import Iterator, MutableMapping

from lockgate.dataclass import dataclass
from lockgate.policy.catalogue._among import WORKLOAD
from lockgate.policy.catalogue._decides import traced
from lockgate.policy.catalogue._places import CONTAINER_LISTS, WORKLOADS
from lockgate.policy.catalogue.kubernetes import ITEM_NAMES, KubernetesPolicy
from lockgate.policy.reads import ANY, Path, Read

_FORMAT = 2
"""Counts up when more is read, or otherwise, off the same expressions: what was read is kept between runs."""
_OBJECT: Path = ("object",)


@dataclass(frozen=True, slots=True)
class PolicyReads:
    """Of one policy."""

    quiet: tuple[Read, ...]
    """What decides whether it denies anything."""
    loud: tuple[Read, ...]
    """What decides all that it says. Where the item of a hit has no name of its own (``kubernetes.item_name``) the
    whole item does besides."""


def reads_of(policy: KubernetesPolicy, pair: tuple[str, str], found: PolicyReads) -> PolicyReads:
    """What the policy reads of an object of this group and kind, in paths that begin with ``object``. ``found`` is what
    :func:`read_off` gave."""
    roots = _roots(policy, WORKLOADS.get(pair))
    items = [(root, False) for root in roots["item"]]
    quiet = (*items, *_placed(found.quiet, roots))
    names = ((*root, name) for root in roots["item"] for name in ITEM_NAMES if policy.path is not None)
    return PolicyReads(quiet, (*quiet, *_placed(found.loud, roots), *((name, True) for name in names)))


def _placed(reads: tuple[Read, ...], roots: dict[str, list[Path]]) -> Iterator[Read]:
    for path, whole in reads:
        for root in roots.get(str(path[0]), ()):
            yield (*root, *path[1:]), whole


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


def read_off(policy: KubernetesPolicy, held: MutableMapping[str, bytes]) -> PolicyReads | None:
    """What the expressions read of their variables, in paths that begin with the name of each; None when that cannot be
    told. ``held`` holds what was read off before, and takes this."""
    key = f"reads {_FORMAT}\n{policy.deny.source}\n{policy.message.source}"
    if key not in held:
        held[key] = marshal.dumps((traced(policy.deny), traced(policy.message)))
    quiet, message = marshal.loads(held[key])  # noqa: S302 -- it lies beside compiled code
    return None if quiet is None or message is None else PolicyReads(quiet, message)
