"""What the attribute ``security.capability`` of a file gives to whoever runs it.

Source: Linux ``include/uapi/linux/capability.h``, ``struct vfs_cap_data`` (revisions 1 to 3), and capabilities(7).
"""

from __future__ import annotations

_NAMES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
    "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
    "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
    "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
    "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
    "checkpoint_restore",
)  # fmt: skip
"""By their numbers."""
_LENGTHS = {1: 12, 2: 20, 3: 24}
"""Bytes by revision."""


def names_of(attribute: str) -> tuple[str, ...]:
    """The permitted capabilities that the attribute, in hex digits, gives: ``cap_net_raw``. Empty where it is none.

    One that is unknown is told by its number (``cap_41``): a newer kernel knows it.
    """
    try:
        data = bytes.fromhex(attribute)
    except ValueError:
        return ()
    revision = data[3] if len(data) >= 4 else 0
    if len(data) != _LENGTHS.get(revision):
        return ()
    permitted = int.from_bytes(data[4:8], "little")
    if revision > 1:
        permitted |= int.from_bytes(data[12:16], "little") << 32
    return tuple(f"cap_{_name(number)}" for number in range(64) if permitted >> number & 1)


def _name(number: int) -> str:
    return _NAMES[number] if number < len(_NAMES) else str(number)
