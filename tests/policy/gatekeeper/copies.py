"""Objects that are like others: copies of them in requests, and the same but for one change."""

import copy
import random
from typing import Any

POD = {"group": "", "version": "v1", "kind": "Pod"}


def request_about_a_copy(body: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """A request about a copy of the object: its next replica, an update, a dry run, by others."""
    made = copy.deepcopy(body)
    metadata, spec = made["metadata"], made["spec"]
    metadata["name"] = dice.choice(["a", "b"])
    if dice.random() < 0.5:
        metadata["generateName"] = metadata.pop("name") + "-"
    for key in ("labels", "annotations"):
        if dice.random() < 0.3:
            metadata[key] = {**(metadata.get(key) or {}), "owner": dice.choice(["x", "y"])}
    if dice.random() < 0.5:
        name = f"token-{dice.randrange(3)}"
        spec["volumes"] = [*(spec.get("volumes") or []), {"name": name, "hostPath": {"path": "/token"}}]
        for one in spec["containers"]:
            one["volumeMounts"] = [*(one.get("volumeMounts") or []), {"name": name, "mountPath": "/t"}]
    if dice.random() < 0.2:
        made["status"] = {"phase": dice.choice(["Pending", "Running"])}
    if dice.random() < 0.2:
        spec["hostname"] = dice.choice(["h", "i"])
    request = {"kind": POD, "operation": "CREATE", "object": made, "name": dice.choice(["", "a"]), "namespace": "n",
               "userInfo": {"username": dice.choice(["eve", "system:masters"]), "groups": ["g"]}}  # fmt: skip
    if dice.random() < 0.4:
        request |= {"operation": "UPDATE", "oldObject": dice.choice([body, made])}
    elif dice.random() < 0.2:
        request |= {"operation": "DELETE", "oldObject": made, "object": None}
    if dice.random() < 0.3:
        request["dryRun"] = dice.choice([True, False])
    return request


def mutated(body: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """The same with one change somewhere: a field gone, of another type, or new."""
    made = copy.deepcopy(body)
    value: Any = made
    for _ in range(dice.randint(1, 7)):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        keys = [key for key in keys if isinstance(value[key], (dict, list)) and value[key]]
        if not keys:
            break
        value = value[dice.choice(keys)]
    other = dice.choice([None, True, False, 0, "", "runtime/default", 1000, [], {}, ["ALL"], {"type": "Unconfined"}])
    if isinstance(value, dict):
        key = dice.choice([*value, "privileged", "image", "name"])
        if dice.random() < 0.3:
            value.pop(key, None)
        elif key not in ("apiVersion", "kind", "metadata"):
            value[key] = other
    elif dice.random() < 0.5:
        value.append(other)
    else:
        value.pop(dice.randrange(len(value)))
    return made
