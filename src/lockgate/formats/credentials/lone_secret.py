"""Files that hold one secret and nothing else: passwords of Ansible vaults, tokens of clients, keys of data bags.

Sources: https://docs.ansible.com/ansible/latest/vault_guide/vault_managing_passwords.html,
https://developer.hashicorp.com/vault/docs/commands/token-helper,
https://docs.chef.io/data_bags/, https://www.erlang.org/doc/system/distributed.html (the cookie).
"""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.lazy_pattern import lazy_pattern

_LONGEST = 8192
_SCRIPT = ("#!", "$ANSIBLE_VAULT", "<", "{", "-----")
_ONE = lazy_pattern(r"[^\s<>{}()]{4,4096}\Z")


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    stripped = text.strip()
    if len(text) > _LONGEST or stripped.startswith(_SCRIPT):
        return ()  # a script that asks somebody else, or a file that is encrypted itself
    collector = Collector("lone-secret", text)
    value = "".join(stripped.split("\n")) if "\n" in stripped and len(stripped) > 200 else stripped
    if _ONE.match(value):
        line = text[: text.find(stripped)].count("\n") + 1
        collector.add(path.rpartition("/")[2], value, line, written=stripped.split("\n")[0])
    return collector.done()


READER = CredentialReader(
    paths(
        *(
            ".vault_pass",
            ".vault-pass",
            "vault_pass",
            "vault-pass",
            ".vault_password",
            ".vault-password",
            "vault_password",
        ),
        *("vault-password", "vault_pass.txt", "vault-pass.txt", ".vault_pass.txt", ".vault-pass.txt", "vaultpass"),
        *("vault_password.txt", "vault-password.txt", ".vault_password.txt", "vault_password_file", ".vaultpass"),
        *("ansible_vault_pass", ".ansible_vault_pass", "vault.pass", ".vault_pass_file", "vaultpass.txt"),
        *(".vault-token", ".gist", ".slack-token", ".travis-token", ".github-token", ".gitlab-token", ".erlang.cookie"),
        *("encrypted_data_bag_secret", "hudson.util.secret", "initialadminpassword", ".rediscli_auth", ".pushbullet"),
        tails=("/secrets/master.key",),
    ),
    _read,
)
