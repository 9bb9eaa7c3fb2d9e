"""Checks on what commands and instructions do: privileges, ports, permissions, copies, start commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from lockgate.lazy_pattern import lazy_pattern
from lockgate.scanners.dockerfiles.view import Check, Hit, View, at, at_command

_ARCHIVE = lazy_pattern(r"\.(?:tar(?:\.(?:gz|bz2|xz|zst))?|tgz|tbz2?|txz)$", re.IGNORECASE)
_DEBUG_PORTS = {"5005": "Java (JDWP)", "9229": "Node.js inspector", "5678": "debugpy", "2345": "Delve", "4711": "gdb"}


def sudo(view: View) -> Iterator[Hit]:
    for stage, _, found in view.runs:
        for command in found:
            if command.program == "sudo":
                yield at_command(stage, command, detail="sudo inside a build only hides who does what.")


def _installed(view: View, names: tuple[str, ...]) -> Iterator[Hit]:
    for stage, _, found in view.runs:
        for command in found:
            if command.program in ("apt-get", "apt", "apk", "yum", "dnf", "tdnf", "microdnf", "zypper"):
                for word in command.args:
                    name = re.split("[=~<>]", word, maxsplit=1)[0]
                    if name in names and ("install" in command.args or "add" in command.args):
                        yield at_command(stage, command, detail=f"The image gets {name}.", essence=f"install {name}")


def sudo_installed(view: View) -> Iterator[Hit]:
    yield from _installed(view, ("sudo", "doas"))


def ssh_server(view: View) -> Iterator[Hit]:
    yield from _installed(view, ("openssh-server", "openssh", "dropbear", "sshd", "ssh"))
    for stage, step in view.of("CMD", "ENTRYPOINT"):
        if any(PurePosixPath(word).name == "sshd" for word in step.words[:3]):
            yield at(stage, step, "sshd", detail="The container starts an ssh server.")


def expose_ssh(view: View) -> Iterator[Hit]:
    for stage, step in view.of("EXPOSE"):
        if any(_covers(word.partition("/")[0], 22) for word in step.words):
            yield at(stage, step, "22", detail="Port 22 is for ssh into the container.")


def _covers(port: str, wanted: int) -> bool:
    low, dash, high = port.partition("-")
    if not low.isdigit() or (dash and not high.isdigit()) or len(port) > 11:
        return False
    return int(low) <= wanted <= int(high or low)


def expose_debug(view: View) -> Iterator[Hit]:
    for stage, step in view.of("EXPOSE"):
        for word in step.words:
            used = _DEBUG_PORTS.get(word.partition("/")[0])
            if used:
                yield at(stage, step, word, detail=f"Port {word} is the usual debug port of {used}.")


def invalid_port(view: View) -> Iterator[Hit]:
    for stage, step in view.of("EXPOSE"):
        for word in step.words:
            port, _, protocol = word.partition("/")
            numbers = port.split("-")
            good = all(n.isdigit() and len(n) <= 5 and 0 < int(n) <= 65535 for n in numbers) and len(numbers) <= 2
            if "$" not in word and (not good or protocol.lower() not in ("", "tcp", "udp", "sctp")):
                yield at(stage, step, word, detail=f"{word[:20]} is not a port.")


def debug_agent(view: View) -> Iterator[Hit]:
    for stage, step in view.of("ENV", "CMD", "ENTRYPOINT"):
        text = step.text
        if re.search(r"-agentlib:jdwp|-Xrunjdwp|--inspect(?:-brk)?=0\.0\.0\.0|-m debugpy --listen 0\.0\.0\.0", text):
            yield at(
                stage, step, "debug agent", detail="A debugger listens in the image, and whoever reaches it runs code."
            )
        elif re.search(r"\bFLASK_DEBUG[= ]\"?(?:1|true)\b|\bFLASK_ENV[= ]\"?development", text, re.IGNORECASE):
            yield at(stage, step, "flask debug", detail="The Flask debugger runs whatever a visitor types.")


def chmod_world(view: View) -> Iterator[Hit]:
    for stage, _, found in view.runs:
        for command in found:
            mode = next((word for word in command.args if not re.fullmatch(r"-[RvcfHLP]+|--\w+", word)), "")
            numeric = re.fullmatch(r"[0-7]{0,2}[0-7]{2}[2367]", mode)
            if command.program == "chmod" and (numeric or re.search(r"(?:^|,)(?:[uga]*[oa][uga]*)?\+[rxXst]*w", mode)):
                symbolic = not numeric
                if symbolic and re.search(r"(?:^|,)\+", mode) and not re.search(r"[oa]\+", mode):
                    continue  # a bare +w obeys the umask
                yield at_command(stage, command, detail="Everybody in the container may write to these files.")
    for stage, step in view.of("COPY", "ADD"):
        if re.fullmatch(r"[0-7]{0,2}[0-7]{2}[2367]", step.flag("chmod") or ""):
            yield at(stage, step, " ".join(step.words), detail="Everybody in the container may write to these files.")


def setuid(view: View) -> Iterator[Hit]:
    for stage, _, found in view.runs:
        for command in found:
            if command.program == "chmod" and any(
                re.fullmatch(r"0?[4-7][0-7]{3}|[ug,]*u?\+[rwx]*s[rwx]*|u\+s|g\+s|\+s", word)
                and not re.fullmatch(r"0[0-7]{3}", word)
                for word in command.args
            ):
                yield at_command(
                    stage, command, detail="The program runs with the rights of its owner, whoever starts it."
                )
            elif command.program == "setcap":
                yield at_command(stage, command, detail="The program gets capabilities whoever starts it.")


def wide_copy(view: View) -> Iterator[Hit]:
    for stage, step in view.of("COPY", "ADD"):
        if not step.flag("from") and any(source in (".", "./", "/", "*", "./*") for source in step.words[:-1]):
            text = "The whole build context goes in, .git and .env too, unless .dockerignore stops them."
            yield at(stage, step, ".", detail=text)


def add_local(view: View) -> Iterator[Hit]:
    for stage, step in view.of("ADD"):
        sources = step.words[:-1]
        if not sources or step.heredocs or any(_needs_add(source) for source in sources):
            continue
        text = "ADD also unpacks and downloads; COPY only copies."
        keyword = (view.file.lines[step.line - 1].split() or [""])[0]
        edits = view.replace(step.line, old=f"{keyword} ", new="COPY ") if keyword.upper() == "ADD" else ()
        yield at(stage, step, " ".join(sources), detail=text, edits=edits)


def _needs_add(source: str) -> bool:
    return "://" in source or "$" in source or source.startswith("git@") or bool(_ARCHIVE.search(source))


def healthcheck_missing(view: View) -> Iterator[Hit]:
    stage = view.final
    if any(step.keyword == "HEALTHCHECK" for one in view.lineage(stage) for step in one.instructions):
        return
    if any(step.keyword in ("CMD", "ENTRYPOINT", "EXPOSE") for one in view.lineage(stage) for step in one.instructions):
        text = "Nothing says how to tell that the container works."
        yield Hit(stage, "no HEALTHCHECK", stage.opening.line, stage.opening.line, text)


def relative_workdir(view: View) -> Iterator[Hit]:
    for stage, step in view.of("WORKDIR"):
        raw = step.text.strip().strip("\"'")
        if raw and not re.match(r"/|\$|\\|[A-Za-z]:", raw):
            yield at(stage, step, raw, detail="Where a relative WORKDIR ends depends on the base image.")


def cd_alone(view: View) -> Iterator[Hit]:
    for stage, _, found in view.runs:
        if found and len(found) == 1 and found[0].program == "cd":
            yield at_command(stage, found[0], detail="A cd ends with its RUN.")


def several_starts(view: View) -> Iterator[Hit]:
    for stage in view.file.stages:
        for keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
            steps = [step for step in stage.instructions if step.keyword == keyword and not step.onbuild]
            for step in steps[:-1]:
                yield at(stage, step, step.text[:80], detail=f"Only the last {keyword} of a stage counts.")


def shell_form(view: View) -> Iterator[Hit]:
    for stage, step in view.of("ENTRYPOINT", "CMD"):
        if step.json is None and step.text and not step.text.startswith("exec ") and stage is view.final:
            text = f"The shell form of {step.keyword} puts a shell at the top: signals do not reach the program."
            yield at(stage, step, step.text[:80], detail=text)


def maintainer(view: View) -> Iterator[Hit]:
    for stage, step in view.of("MAINTAINER"):
        edits = ()
        name = step.text.strip().strip("\"'")
        if step.line == step.end_line and not re.search(r"[\"\\$]", name):
            line = view.file.lines[step.line - 1]
            edits = view.replace(step.line, old=line, new=f'LABEL org.opencontainers.image.authors="{name}"')  # type: ignore[assignment]
        yield at(stage, step, "", detail="MAINTAINER was replaced by a label.", edits=edits)


def pipe_without_pipefail(view: View) -> Iterator[Hit]:
    for stage, step, found in view.runs:
        if step.json is not None or "pipefail" in step.shell or any("pipefail" in part for part in step.shell):
            continue
        if any(command.program == "set" and "pipefail" in command.args for command in found):
            continue
        first = next((command for command in found if command.pipes and not command.substituted), None)
        if first is not None:
            essence = f"{first.program} | pipe"
            yield at_command(stage, first, detail="A failure before the pipe goes unseen.", essence=essence)


def run_insecure(view: View) -> Iterator[Hit]:
    for stage, step in view.of("RUN"):
        if step.flag("security") == "insecure":
            yield at(stage, step, step.text[:200], detail="The command runs without any sandbox.")


def run_host_network(view: View) -> Iterator[Hit]:
    for stage, step in view.of("RUN"):
        if step.flag("network") == "host":
            yield at(stage, step, step.text[:200], detail="The command reaches the network of the build host.")


def docker_socket(view: View) -> Iterator[Hit]:
    for stage, step in view.steps:
        texts = (step.text, *(value for _, value in step.flags), *(h.content for h in step.heredocs))
        if any("docker.sock" in text for text in texts):
            yield at(stage, step, "docker.sock", detail="Whoever holds the Docker socket owns the host.")


def onbuild(view: View) -> Iterator[Hit]:
    for stage, step in view.steps:
        if step.onbuild and step.keyword in ("RUN", "COPY", "ADD"):
            text = "ONBUILD acts in other people's builds, who do not see it."
            yield at(stage, step, f"ONBUILD {step.text[:80]}", detail=text)


def ld_preload(view: View) -> Iterator[Hit]:
    for stage, step in view.of("ENV"):
        for name, _ in step.pairs:
            if name in ("LD_PRELOAD", "LD_AUDIT"):
                yield at(stage, step, name, detail=f"{name} puts a library into every program of the container.")


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        sudo, sudo_installed, ssh_server, expose_ssh, expose_debug, invalid_port, debug_agent, chmod_world, setuid,
        wide_copy, add_local, healthcheck_missing, relative_workdir, cd_alone, several_starts, shell_form, maintainer,
        pipe_without_pipefail, run_insecure, run_host_network, docker_socket, onbuild, ld_preload,
    )
}  # fmt: skip
