"""Checks on what the layers of an image leave to a container: who may write to what, and which programs are there."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from lockgate.formats.oci.survey import SurveyedFile
from lockgate.scanners.images.view import Check, Hit, View

_SETUID, _SETGID, _STICKY, _GROUP_WRITE, _ALL_WRITE, _EXECUTE = 0o4000, 0o2000, 0o1000, 0o020, 0o002, 0o111
_MEGABYTE = 1_000_000


def setuid_unusual(view: View) -> Iterator[Hit]:
    usual = view.parameters["usual_setuid"]
    for one in view.survey.files:
        bits = one.mode & (_SETUID | _SETGID)
        if one.kind != "file" or not bits or not one.mode & _EXECUTE or _is_among(one.path, usual):
            continue
        who = f"user {one.uid}" if bits & _SETUID else f"group {one.gid}"
        yield _at(one, f"Whoever starts it acts as {who}; no distribution's package is known to bring it so.")


def capability_unusual(view: View) -> Iterator[Hit]:
    usual = view.parameters["usual_capabilities"]
    for one in view.survey.files:
        more = [name for name in one.capabilities if f"{one.path.rpartition('/')[2]}={name}" not in usual]
        if more:
            yield _at(one, f"Whoever starts it gets {', '.join(more)}.")


def world_writable(view: View) -> Iterator[Hit]:
    """The uppermost of what everybody may write to; what lies below it is counted."""
    found = [one for one in view.survey.files if one.kind in ("file", "folder") and _is_open(one)]
    tops: list[SurveyedFile] = []
    below: dict[str, int] = {}
    for one in sorted(found, key=lambda one: one.path.split("/")):
        top = tops[-1] if tops else None
        if top is not None and top.kind == "folder" and one.path.startswith(f"{top.path}/"):
            below[top.path] = below.get(top.path, 0) + 1
        else:
            tops.append(one)
    for one in tops:
        more = f", and {below[one.path]:,} files and folders below it" if one.path in below else ""
        yield _at(one, f"Everybody may write to this {one.kind}{more}.")


def system_folder_writable(view: View) -> Iterator[Hit]:
    for one in view.survey.files:
        if one.kind != "folder" or _is_open(one) or one.path in view.parameters["usual_shared_folders"]:
            continue
        if one.uid:
            yield _at(one, f"This folder of the system belongs to user {one.uid}, who may put programs there.")
        elif one.gid and one.mode & _GROUP_WRITE:
            yield _at(one, f"Group {one.gid} may write to this folder of the system.")


def device(view: View) -> Iterator[Hit]:
    for one in view.survey.files:
        if one.kind.startswith(("character", "block")) and one.kind not in view.parameters["usual_devices"]:
            yield _at(one, f"A device ({one.kind}) in a layer.")


def _left(parameter: str, said: str) -> Check:
    """A check for programs that are left, each by its name, with the place of the first."""

    def check(view: View) -> Iterator[Hit]:
        seen: set[str] = set()
        for path, layer in view.survey.programs.items():
            name = path.rpartition("/")[2]
            known = next((one for one in view.parameters[parameter] if fnmatchcase(name, one)), None)
            if known is not None and known not in seen:
                seen.add(known)
                yield Hit(known, said.format(name=name), path=path, layer=layer)

    return check


def hidden_bytes(view: View) -> Iterator[Hit]:
    """By the layer that holds what no container sees."""
    least = view.parameters["most_hidden_megabytes"] * _MEGABYTE
    for layer in view.survey.layers:
        if layer.hidden <= least:
            continue
        largest = [one for one in view.survey.hidden if one.layer == layer.index][:3]
        names = ", ".join(f"{one.path} ({_size(one.size)}, layer {one.by})" for one in largest)
        words = f"{_size(layer.hidden)} of it are deleted or replaced by later layers and pulled all the same"
        yield Hit(_step_text(view, layer.index), f"{words}: {names}." if names else f"{words}.", layer=layer.index)


def layer_large(view: View) -> Iterator[Hit]:
    most = view.parameters["largest_layer_megabytes"] * _MEGABYTE
    for layer in view.survey.layers:
        if layer.size > most:
            words = f"It unpacks to {_size(layer.size)} in {layer.files:,} files, which every change to it moves anew."
            yield Hit(_step_text(view, layer.index), words, layer=layer.index)


def _step_text(view: View, layer: int) -> str:
    """What identifies a layer from one build to the next: its step; where none is known, its place."""
    return next((step.text for step in view.survey.steps if step.layer == layer), f"layer {layer}")


def _is_open(one: SurveyedFile) -> bool:
    """Whether everybody may write to it. In a sticky folder everybody may delete what is their own alone."""
    return bool(one.mode & _ALL_WRITE) and not (one.kind == "folder" and one.mode & _STICKY)


def _at(one: SurveyedFile, detail: str) -> Hit:
    return Hit(one.path or "/", detail, path=one.path or "/", layer=one.layer)


def _is_among(path: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(path, one) for one in patterns)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / _MEGABYTE:.1f} MB"


CHECKS: dict[str, Check] = {
    "setuid_unusual": setuid_unusual,
    "capability_unusual": capability_unusual,
    "world_writable": world_writable,
    "system_folder_writable": system_folder_writable,
    "device": device,
    "shell_left": _left("shells", "The shell {name} is left for whoever gets in."),
    "package_manager_left": _left("package_managers", "The package manager {name} is left, which fetches any tool."),
    "compiler_left": _left("compilers", "The build tool {name} is left."),
    "elevation_left": _left("elevating_programs", "{name} is left, which makes a user root."),
    "remote_access_left": _left("remote_access_programs", "{name} is left, a way in besides the application."),
    "attack_tool_left": _left("attack_programs", "{name} is left, which serves to look around and get further."),
    "hidden_bytes": hidden_bytes,
    "layer_large": layer_large,
}
