"""Rules that answer the Pod Security Standards, held to what Kubernetes' admission says at each version."""

from functools import cache

import pytest

from lockgate.model import Family, Object
from lockgate.policy.catalogue import Policies
from lockgate.rules import load

RULES = load((Family.POLICY,)).of(Family.POLICY)
SAFE = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
    "capabilities": {"drop": ["ALL"]},
}
"""What a container needs to be restricted."""
BOTH = ("containers", "initContainers", "ephemeralContainers")


@cache
def policies(level, version):
    wanted = {"pss-baseline"} | ({"pss-restricted"} if level == "restricted" else set())
    chosen = [rule for rule in RULES if wanted & set(rule.tags)]
    if version != "latest" and int(version.split(".")[1]) < 19:
        # Until v1.18 the standard read the annotations; that rule says more than the standard from then on.
        chosen += [rule for rule in RULES if rule.id == "policy/seccomp-annotation"]
    return Policies(chosen, {"pss_version": version})


def judge(level, version, spec, annotations=None):
    metadata = {"name": "shop"} | ({"annotations": annotations} if annotations else {})
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    hits = policies(level, version).judge(Object("kubernetes", body, "pod.yaml"))
    assert not [hit.failed for hit in hits if hit.failed]
    return sorted(str(hit.rule.id).removeprefix("policy/") for hit in hits)


def container(**fields):
    return {"containers": [{"name": "app", **fields}]}


def secured(**context):
    return container(securityContext={**SAFE, **context})


def pod(context=None, **fields):
    return {"securityContext": context or {}, "containers": [{"name": "app", "securityContext": SAFE}], **fields}


def capabilities(*added):
    return secured(capabilities={"drop": ["ALL"], "add": list(added)})


def sysctl(name):
    return pod({"sysctls": [{"name": name, "value": "1"}]})


def volume(**source):
    return pod(volumes=[{"name": "data", **source}])


def probe(place, handler):
    inner = {handler: {"host": "other.example", "port": 80}}
    fields = {"lifecycle": {place: inner}} if place in ("postStart", "preStop") else {place: inner}
    return container(securityContext=SAFE, **fields)


BASELINE = [
    # (versions, spec, rules that deny it)
    ("latest v1.0", secured(windowsOptions={"hostProcess": True}), ["windows-host-process"]),
    ("latest v1.0", secured(windowsOptions={"hostProcess": False}), []),
    ("latest v1.0", pod({"windowsOptions": {"hostProcess": True}}), ["windows-host-process-pod"]),
    ("latest v1.0", pod(hostPID=True), ["host-pid"]),
    ("latest v1.0", pod(hostIPC=True), ["host-ipc"]),
    ("latest v1.0", pod(hostNetwork=True), ["host-network"]),
    ("latest v1.0", pod(hostPID=False, hostIPC=False, hostNetwork=False), []),
    ("latest v1.0", secured(privileged=True), ["privileged-container"]),
    ("latest v1.0", secured(privileged=False), []),
    *[
        ("latest v1.0", container(securityContext={"capabilities": {"add": [name]}}), [])
        for name in (
            "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
            "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
        )
    ],
    *[
        ("latest v1.0", container(securityContext={"capabilities": {"add": [name]}}), ["capability-beyond-baseline"])
        for name in ("NET_RAW", "NET_ADMIN", "SYS_ADMIN", "ALL", "chown", "CAP_CHOWN", "BPF")
    ],
    ("latest v1.0", volume(hostPath={"path": "/"}), ["host-path-volume"]),
    ("latest v1.0", container(ports=[{"containerPort": 1, "hostPort": 2}, {"containerPort": 3}]), ["host-port"]),
    ("latest v1.0", container(ports=[{"containerPort": 1, "hostPort": 0}]), []),
    *[
        (versions, probe(place, handler), denied)
        for place in ("livenessProbe", "readinessProbe", "startupProbe", "postStart", "preStop")
        for handler in ("httpGet", "tcpSocket")
        for versions, denied in (("latest v1.34", ["probe-host"]), ("v1.33 v1.0", []))
    ],
    ("latest", container(livenessProbe={"httpGet": {"host": "", "port": 1}}), []),
    ("latest v1.0", secured(appArmorProfile={"type": "Unconfined"}), ["apparmor-unconfined"]),
    ("latest v1.0", secured(appArmorProfile={"type": "Localhost"}), []),
    ("latest v1.0", pod({"appArmorProfile": {"type": "Unconfined"}}), ["apparmor-unconfined-pod"]),
    ("latest v1.0", pod({"appArmorProfile": {"type": "RuntimeDefault"}}), []),
    *[("latest v1.0", secured(seLinuxOptions={"type": name}), []) for name in
      ("", "container_t", "container_init_t", "container_kvm_t")],
    ("latest v1.31", secured(seLinuxOptions={"type": "container_engine_t"}), []),
    ("v1.30 v1.0", secured(seLinuxOptions={"type": "container_engine_t"}), ["selinux-options"]),
    ("v1.30 v1.0", pod({"seLinuxOptions": {"type": "container_engine_t"}}), ["selinux-options-pod"]),
    ("latest v1.0", secured(seLinuxOptions={"type": "spc_t"}), ["selinux-options"]),
    ("latest v1.0", secured(seLinuxOptions={"user": "system_u"}), ["selinux-options"]),
    ("latest v1.0", pod({"seLinuxOptions": {"role": "system_r"}}), ["selinux-options-pod"]),
    ("latest v1.0", pod({"seLinuxOptions": {"level": "s0:c1,c2"}}), []),
    ("latest v1.0", secured(procMount="Unmasked"), ["proc-mount-unmasked"]),
    ("latest v1.0", secured(procMount="Default"), []),
    ("v1.34 v1.0", {"hostUsers": False, **secured(procMount="Unmasked")}, ["proc-mount-unmasked"]),
    ("latest v1.35", {"hostUsers": False, **secured(procMount="Unmasked")}, []),
    ("latest v1.35", {"hostUsers": True, **secured(procMount="Unmasked")}, ["proc-mount-unmasked"]),
    ("latest v1.19", secured(seccompProfile={"type": "Unconfined"}), ["seccomp-unconfined"]),
    ("v1.18 v1.0", secured(seccompProfile={"type": "Unconfined"}), []),
    ("latest v1.19", pod({"seccompProfile": {"type": "Unconfined"}}), ["seccomp-unconfined-pod"]),
    ("latest v1.0", secured(seccompProfile={"type": "Localhost"}), []),
    *[("latest v1.0", sysctl(name), []) for name in (
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
    )],
    *[
        (versions, sysctl(name), denied)
        for name, since, before in (
            ("net.ipv4.ip_local_reserved_ports", 27, 26), ("net.ipv4.tcp_keepalive_time", 29, 28),
            ("net.ipv4.tcp_fin_timeout", 29, 28), ("net.ipv4.tcp_keepalive_intvl", 29, 28),
            ("net.ipv4.tcp_keepalive_probes", 29, 28), ("net.ipv4.tcp_rmem", 32, 31), ("net.ipv4.tcp_wmem", 32, 31),
            ("net.ipv4.tcp_slow_start_after_idle", 37, 36), ("net.ipv4.tcp_notsent_lowat", 37, 36),
        )
        for versions, denied in ((f"latest v1.{since}", []), (f"v1.{before} v1.0", ["sysctl-unsafe"]))
    ],
    ("latest v1.0", sysctl("kernel.msgmax"), ["sysctl-unsafe"]),
]  # fmt: skip
WINDOWS = {"os": {"name": "windows"}}
RESTRICTED = [
    ("latest v1.0", secured(), []),
    *[("latest v1.0", volume(**{kind: {}}), []) for kind in (
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected",
        "secret",
    )],
    ("latest v1.0", volume(), []),
    *[("latest v1.0", volume(**{kind: {}}), ["volume-type-restricted"]) for kind in (
        "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "fc", "flexVolume", "flocker",
        "gcePersistentDisk", "gitRepo", "glusterfs", "iscsi", "nfs", "photonPersistentDisk", "portworxVolume",
        "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
    )],
    ("latest v1.0", volume(hostPath={}), ["host-path-volume", "volume-type-restricted"]),
    ("latest v1.8", secured(allowPrivilegeEscalation=None), ["privilege-escalation-allowed"]),
    ("latest v1.8", secured(allowPrivilegeEscalation=True), ["privilege-escalation-allowed"]),
    ("v1.7 v1.0", secured(allowPrivilegeEscalation=True), []),
    ("v1.24 v1.8", WINDOWS | secured(allowPrivilegeEscalation=True), ["privilege-escalation-allowed"]),
    ("latest v1.25", WINDOWS | secured(allowPrivilegeEscalation=True), []),
    ("latest v1.25", {"os": {"name": "linux"}} | secured(allowPrivilegeEscalation=True),
     ["privilege-escalation-allowed"]),
    # Kubernetes' restricted level lets these through from v1.25 on, which its own baseline refuses: ours keeps to both.
    ("latest v1.25", WINDOWS | secured(seccompProfile={"type": "Unconfined"}), ["seccomp-unconfined"]),
    ("latest v1.25", WINDOWS | pod({"seccompProfile": {"type": "Unconfined"}}), ["seccomp-unconfined-pod"]),
    ("latest v1.25", WINDOWS | secured(capabilities={"add": ["SYS_ADMIN"]}), ["capability-beyond-baseline"]),
    ("latest v1.0", secured(runAsNonRoot=None), ["run-as-non-root"]),
    ("latest v1.0", secured(runAsNonRoot=False), ["run-as-non-root"]),
    ("latest v1.0", WINDOWS | secured(runAsNonRoot=None), ["run-as-non-root"]),
    ("latest v1.0", {"securityContext": {"runAsNonRoot": True}} | secured(runAsNonRoot=None), []),
    ("latest v1.0", {"securityContext": {"runAsNonRoot": True}} | secured(runAsNonRoot=False), ["run-as-non-root"]),
    ("latest v1.0", pod({"runAsNonRoot": False}), ["run-as-non-root-pod"]),
    ("v1.34 v1.0", {"hostUsers": False} | secured(runAsNonRoot=None), ["run-as-non-root"]),
    ("latest v1.35", {"hostUsers": False} | secured(runAsNonRoot=None), []),
    ("latest v1.35", {"hostUsers": False} | pod({"runAsNonRoot": False}), []),
    ("latest v1.23", secured(runAsUser=0), ["run-as-root-user"]),
    ("latest v1.23", pod({"runAsUser": 0}), ["run-as-root-user-pod"]),
    ("v1.22 v1.0", secured(runAsUser=0), []),
    ("latest v1.23", secured(runAsUser=1), []),
    ("v1.34", {"hostUsers": False} | secured(runAsUser=0), ["run-as-root-user"]),
    ("latest v1.35", {"hostUsers": False} | secured(runAsUser=0), []),
    ("latest v1.19", secured(seccompProfile=None), ["seccomp-missing"]),
    ("v1.18 v1.0", secured(seccompProfile=None), []),
    ("latest v1.19", {"securityContext": {"seccompProfile": {"type": "Localhost"}}} | secured(seccompProfile=None), []),
    ("latest v1.19", {"securityContext": {"seccompProfile": {"type": "Unconfined"}}} | secured(seccompProfile=None),
     ["seccomp-missing", "seccomp-unconfined-pod"]),
    ("latest v1.19", secured(seccompProfile={"type": "Unconfined"}), ["seccomp-unconfined"]),
    ("v1.24", WINDOWS | secured(seccompProfile=None), ["seccomp-missing"]),
    ("latest v1.25", WINDOWS | secured(seccompProfile=None), []),
    ("latest v1.22", secured(capabilities=None), ["capabilities-not-dropped"]),
    ("latest v1.22", secured(capabilities={"drop": ["NET_RAW"]}), ["capabilities-not-dropped"]),
    ("latest v1.22", secured(capabilities={"drop": ["all"]}), ["capabilities-not-dropped"]),
    ("v1.21 v1.0", secured(capabilities=None), []),
    ("latest v1.22", capabilities("NET_BIND_SERVICE"), []),
    ("latest v1.22", capabilities("CHOWN"), ["capability-beyond-restricted"]),
    ("v1.21", capabilities("CHOWN"), []),
    ("v1.24", WINDOWS | secured(capabilities=None), ["capabilities-not-dropped"]),
    ("latest v1.25", WINDOWS | secured(capabilities=None), []),
    ("latest v1.35", {"hostUsers": False, **secured(procMount="Unmasked")}, ["proc-mount-in-user-namespace"]),
    ("v1.34 v1.0", {"hostUsers": False, **secured(procMount="Unmasked")}, ["proc-mount-unmasked"]),
]  # fmt: skip


def cases(table):
    return [(version, spec, denied) for versions, spec, denied in table for version in versions.split()]


@pytest.mark.parametrize(("version", "spec", "denied"), cases(BASELINE))
def test_baseline_denies_what_the_standard_of_that_version_denies(version, spec, denied):
    assert judge("baseline", version, spec) == denied


@pytest.mark.parametrize(("version", "spec", "denied"), cases(RESTRICTED))
def test_restricted_denies_what_the_standard_of_that_version_denies(version, spec, denied):
    assert judge("restricted", version, spec) == denied


@pytest.mark.parametrize("kind", BOTH)
def test_init_and_ephemeral_containers_are_judged_as_well(kind):
    context = {**SAFE, "privileged": True, "allowPrivilegeEscalation": True}
    spec = {kind: [{"name": "other", "securityContext": context}]}
    assert judge("restricted", "latest", spec) == ["privilege-escalation-allowed", "privileged-container"]


@pytest.mark.parametrize(
    ("version", "key", "value", "denied"),
    [
        ("latest", "container.apparmor.security.beta.kubernetes.io/app", "unconfined", True),
        ("v1.0", "container.apparmor.security.beta.kubernetes.io/app", "unconfined", True),
        ("latest", "container.apparmor.security.beta.kubernetes.io/app", "runtime/default", False),
        ("latest", "container.apparmor.security.beta.kubernetes.io/app", "localhost/shop", False),
        ("latest", "container.apparmor.security.beta.kubernetes.io/app", "", False),
        ("v1.18", "seccomp.security.alpha.kubernetes.io/pod", "unconfined", True),
        ("v1.18", "container.seccomp.security.alpha.kubernetes.io/app", "unconfined", True),
        ("v1.18", "seccomp.security.alpha.kubernetes.io/pod", "runtime/default", False),
        ("v1.18", "seccomp.security.alpha.kubernetes.io/pod", "docker/default", False),
        ("v1.18", "seccomp.security.alpha.kubernetes.io/pod", "localhost/shop", False),
        ("v1.19", "seccomp.security.alpha.kubernetes.io/pod", "unconfined", False),
    ],
)
def test_annotations_are_read_in_the_versions_that_read_them(version, key, value, denied):
    assert bool(judge("baseline", version, secured(), {key: value})) is denied


def test_every_control_of_the_standards_has_a_rule():
    held = {tag for rule in RULES for tag in rule.tags if tag.startswith("pss-")}
    baseline = (
        "host-process host-namespaces privileged capabilities host-path host-ports host-probes apparmor selinux "
        "proc-mount seccomp sysctls"
    )
    restricted = "volume-types privilege-escalation run-as-non-root run-as-user seccomp capabilities proc-mount"
    wanted = {f"pss-baseline-{name}" for name in baseline.split()}
    wanted |= {f"pss-restricted-{name}" for name in restricted.split()}
    assert held == wanted | {"pss-baseline", "pss-restricted"}


def test_a_version_that_is_none_is_said_not_passed_over():
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop"}, "spec": secured(runAsUser=0)}
    hits = policies("restricted", "latest").judge(Object("kubernetes", body))
    assert [hit.failed for hit in hits] == [""]
    chosen = [rule for rule in RULES if rule.id == "policy/run-as-root-user"]
    hits = Policies(chosen, {"pss_version": "newest"}).judge(Object("kubernetes", body))
    assert [bool(hit.failed) for hit in hits] == [True]
