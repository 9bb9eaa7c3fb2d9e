"""Checks on what an image is built from and who it runs as: bases, stages, users."""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.formats.dockerfile import Instruction, Stage
from lockgate.model import Edit
from lockgate.scanners.dockerfiles.view import Check, Hit, View, at, image, runs_as_nonroot

_ROOTS = ("root", "0")


def _bases(view: View) -> Iterator[Stage]:
    """Stages whose base is a known image (not scratch, not a stage)."""
    for stage in view.file.stages:
        if stage.parent is None and stage.base and stage.base.lower() != "scratch":
            yield stage


def base_without_tag(view: View) -> Iterator[Hit]:
    for stage in _bases(view):
        base = image(stage.base)
        if not base.digest and base.tag in ("", "latest"):
            said = "the tag latest" if base.tag else "no tag"
            yield at(stage, stage.opening, base.name, detail=f"The base image {base.name} has {said}.")


def base_without_digest(view: View) -> Iterator[Hit]:
    for stage in _bases(view):
        base = image(stage.base)
        if not base.digest and base.tag not in ("", "latest"):
            text = f"The base image {base.name}:{base.tag} is not pinned by a digest."
            yield at(stage, stage.opening, base.name, detail=text)


def untrusted_registry(view: View) -> Iterator[Hit]:
    """Option ``trusted_registries``: hosts, or host/path prefixes; the default trusts the public first-hand ones."""
    trusted = [str(item).rstrip("/").lower() for item in view.options.get("trusted_registries", DEFAULT_REGISTRIES)]
    for stage in _bases(view):
        base = image(stage.base)
        whole = f"{base.registry}/{base.repository}".lower()
        if not any(_within(whole, base.registry, entry) for entry in trusted):
            text = f"The base image comes from {base.registry}, which is not among the trusted registries."
            yield at(stage, stage.opening, base.name, detail=text)


DEFAULT_REGISTRIES = (
    "docker.io", "mcr.microsoft.com", "gcr.io/distroless", "registry.k8s.io", "registry.access.redhat.com",
    "registry.redhat.io", "public.ecr.aws", "cgr.dev", "ghcr.io", "quay.io", "nvcr.io", "docker.elastic.co",
    "*.azurecr.io", "*.pkg.dev", "*.amazonaws.com",
)  # fmt: skip


def _within(whole: str, host: str, entry: str) -> bool:
    if entry.startswith("*."):
        return host.endswith(entry[1:])
    return whole == entry or whole.startswith(entry + "/")


def _user(raw: str | None) -> str:
    return (raw or "").partition(":")[0].strip().lower()


def user_missing(view: View) -> Iterator[Hit]:
    """Nobody says which user the final stage runs as, and the base does not promise one either."""
    stage = view.final
    root = view.lineage(stage)[-1]
    if stage.user is not None or not root.base or runs_as_nonroot(image(root.base)):
        return
    edits = _user_line(view, stage)
    yield Hit(
        stage, "no USER", stage.opening.line, stage.opening.line,
        "The final stage never says which user it runs as, so it runs as root.", edits,
    )  # fmt: skip


def user_root(view: View) -> Iterator[Hit]:
    """The last USER of the final stage is root."""
    stage = view.final
    step = stage.user_instruction
    if step is not None and _user(stage.user) in _ROOTS:
        yield at(stage, step, "root", detail="The final stage runs as root.")


def _user_line(view: View, stage: Stage) -> tuple[Edit, ...]:
    """``USER name`` before the first CMD or ENTRYPOINT, when the stage itself made exactly one user."""
    made = _users_made(view, stage)
    starts = [step for step in stage.instructions if step.keyword in ("CMD", "ENTRYPOINT")]
    if len(made) != 1 or not starts or any(step.keyword == "RUN" and step.line > starts[0].line
                                           for step in stage.instructions):  # fmt: skip
        return ()
    line = starts[0].line
    return (Edit(view.path, line, line - 1, f"USER {made[0]}", ""),)


def _users_made(view: View, stage: Stage) -> list[str]:
    names: list[str] = []
    for owner, _, found in view.runs:
        if owner is not stage:
            continue
        for command in found:
            if command.program in ("useradd", "adduser") and len(command.args) >= 1:
                name = command.args[-1]
                if command.program == "adduser" and len(command.args) >= 2 and not command.args[-2].startswith("-"):
                    name = command.args[-2] if not command.args[-2].isdigit() else name
                if name.replace("-", "").replace("_", "").isalnum() and not name.startswith("-"):
                    names.append(name)
    return list(dict.fromkeys(names))


def platform_constant(view: View) -> Iterator[Hit]:
    for stage in view.file.stages:
        if stage.platform and "$" not in stage.platform:
            text = f"FROM fixes the platform {stage.platform}, whatever the build asks for."
            yield at(stage, stage.opening, f"platform {image(stage.base).name}", detail=text)


def duplicate_stage(view: View) -> Iterator[Hit]:
    seen: set[str] = set()
    for stage in view.file.stages:
        if stage.name and stage.name in seen:
            yield at(None, stage.opening, f"as {stage.name}", detail=f"A stage named {stage.name} exists already.")
        seen.add(stage.name)


def copy_from_unknown(view: View) -> Iterator[Hit]:
    """``COPY --from`` its own stage, a later one, or a number that no stage has."""
    for stage, step in view.of("COPY"):
        source = (step.flag("from") or "").lower()
        if not source or "$" in source:
            continue
        later = any(other.name == source for other in view.file.stages[stage.index :])
        earlier = any(other.name == source for other in view.file.stages[: stage.index])
        if (later and not earlier) or (source.isdigit() and int(source[:9]) >= stage.index):
            text = f"COPY --from={source} names its own stage or one that is not built yet."
            yield at(stage, step, f"--from={source}", detail=text)


def copy_from_unpinned(view: View) -> Iterator[Hit]:
    for stage, step, source in _external_sources(view):
        outside = image(source)
        if not outside.digest and outside.tag in ("", "latest"):
            text = f"{step.keyword} takes files out of {outside.name}, which no tag or digest pins."
            yield at(stage, step, f"from {outside.name}", detail=text)


def _external_sources(view: View) -> Iterator[tuple[Stage, Instruction, str]]:
    names = {stage.name for stage in view.file.stages if stage.name}
    for stage, step in view.of("COPY", "RUN"):
        sources = [step.flag("from") or ""] if step.keyword == "COPY" else _mount_sources(step)
        for source in sources:
            # A bare word may be a named build context; only what looks like an image is judged.
            if ("/" in source or ":" in source) and "$" not in source and source.lower() not in names:
                yield stage, step, source


def _mount_sources(step: Instruction) -> list[str]:
    return [
        part[5:]
        for name, value in step.flags
        if name == "mount"
        for part in value.split(",")
        if part.startswith("from=")
    ]


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        base_without_tag, base_without_digest, untrusted_registry, user_missing, user_root, platform_constant,
        duplicate_stage, copy_from_unknown, copy_from_unpinned,
    )
}  # fmt: skip
