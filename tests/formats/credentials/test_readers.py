"""Each format: the credential is found on its line; references, placeholders and harmless fields are not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from lockgate.formats import credentials
from lockgate.formats.credentials import Credential
from lockgate.model import Confidence, SkipKind

AKIA = "AK" + "IA"


def found(path: str, text: str | bytes) -> tuple[Credential, ...]:
    assert credentials.wants(path), path
    reading = credentials.read_with_skips(path, text.encode() if isinstance(text, str) else text)
    assert not reading.skips, reading.skips
    return reading.credentials


def lines(path: str, text: str) -> list[int]:
    return sorted({credential.line for credential in found(path, text)})


def _insert_rows(made: Any) -> str:
    rows = ",\n".join(f"({number},'a@b.example','{made.hex(32)}')" for number in range(3))
    return (
        "CREATE TABLE `users` (\n `id` int(11) NOT NULL,\n `email` varchar(9),\n `password` varchar(60),\n"
        f" PRIMARY KEY (`id`)\n);\nINSERT INTO `users` VALUES\n{rows};\n"
    )


# Path, the lines that hold a credential, and the text.
CASES: list[tuple[str, list[int], Callable[[Any], str]]] = [
    (
        ".netrc",
        [3, 4],
        lambda m: f"machine a.example\n login bob\n password {m.word()}\nmachine b password {m.word()}\n",
    ),
    (".pgpass", [2], lambda m: f"# a note\nlocalhost:5432:db:bob:{m.word()}\\:x\n"),
    ("my.cnf", [3], lambda m: f"[client]\nuser=bob\npassword = '{m.word()}'\n"),
    ("web/.htpasswd", [1], lambda m: f"bob:$apr1${m.word(8)}${m.word(22)}\n"),
    ("etc/shadow", [1], lambda m: f"root:$6${m.word(8)}${m.word(86)}:1:0:99999:7:::\ndaemon:*:1:::::\nx:!:1:::::\n"),
    ("proftpdpasswd", [1], lambda m: f"bob:$1${m.word(8)}${m.word(22)}:500:500::/home:/bin/sh\n"),
    (".npmrc", [1, 2], lambda m: f"//r.example/:_authToken={m.word(36)}\n_auth={m.word(30)}\nemail=a@b\n"),
    (".yarnrc.yml", [1], lambda m: f'npmAuthToken: "{m.word(36)}"\n'),
    (".pypirc", [3], lambda m: f"[pypi]\nusername = bob\npassword = {m.word()}\n"),
    ("pip.conf", [2], lambda m: f"[global]\nindex-url = https://bob:{m.word()}@pypi.example/simple\n"),
    (
        ".aws/credentials",
        [2, 3],
        lambda m: f"[a]\naws_access_key_id={AKIA}{m.upper(16)}\naws_secret_access_key={m.word(40)}\n",
    ),
    ("accessKeys.csv", [2], lambda m: f"Access key ID,Secret access key\n{AKIA}{m.upper(16)},{m.word(40)}\n"),
    (".git-credentials", [1], lambda m: f"https://bob:{m.word()}@git.example\n"),
    (".git/config", [2], lambda m: f'[remote "origin"]\n\turl = https://bob:{m.word()}@git.example/x.git\n'),
    (".s3cfg", [3], lambda m: f"[default]\naccess_key = {m.word(20)}\nsecret_key = {m.word(40)}\nencrypt = False\n"),
    (".tugboat", [3], lambda m: f"---\nauthentication:\n  access_token: {m.hex(64)}\nssh:\n  ssh_user: root\n"),
    ("cloud/heroku.json", [2], lambda m: json.dumps({"HEROKU_API_KEY": m.word(36)}, indent=1)),
    (".config/hub", [3], lambda m: f"git.example:\n- user: bob\n  oauth_token: {m.hex(40)}\n  protocol: https\n"),
    (
        "ventrilo_srv.ini",
        [3, 4],
        lambda m: f"[Server]\nName=x\nAdminPassword={m.word(8)}\nPassword={m.word(8)}\nAuth=1\n",
    ),
    (
        ".esmtprc",
        [3, 5],
        lambda m: f'identity a\nusername "a"\npassword "{m.word(8)}"\nidentity c\n  password = "{m.word(9)}"\n',
    ),
    (".irssi/config", [1], lambda m: f'  autosendcmd = "/msg nickserv identify {m.word(9)}";\n  nick = "bob";\n'),
    ("config/master.key", [1], lambda m: m.hex(32)),
    (
        "config/secrets.yml",
        [2, 4],
        lambda m: f"test:\n  secret_key_base: {m.hex(128)}\nlive:\n  secret_key_base: {m.hex(128)}\n",
    ),
    ("config/database.yml", [3], lambda m: f"live:\n  host: <%= ENV['H'] %>\n  password: {m.word()}\n  pool: 5\n"),
    ("mongoid.yml", [2], lambda m: f"live:\n  uri: mongodb://bob:{m.word()}@db.example/x\n"),
    ("docker-compose.yml", [5], lambda m: f"services:\n db:\n  environment:\n   - A=b\n   - DB_PASSWORD={m.word()}\n"),
    ("terraform.tfvars", [2], lambda m: f'region = "eu"\ndb_password = "{m.word()}"\n'),
    (
        ".bashrc",
        [2, 3, 4],
        lambda m: (
            f"alias l=ls\nexport API_KEY='{m.word()}'\nalias d='mysql --password={m.word(9)}'\n"
            f"git clone https://a:{m.word()}@git.example/x\n"
        ),
    ),
    (
        ".env",
        [2, 4],
        lambda m: (
            f"APP_URL=http://localhost\nAPP_KEY=base64:{m.word(43)}=\nREDIS_PASSWORD=null\n"
            f"DATABASE_URL=postgres://u:{m.word()}@db/x\n"
        ),
    ),
    (
        "appsettings.json",
        [2],
        lambda m: json.dumps({"Default": f"Server=db;User Id=sa;Password={m.word()};"}, indent=1),
    ),
    (
        "web.config",
        [2],
        lambda m: (
            f"<configuration><connectionStrings>\n<add name='a' connectionString='Server=db;Uid=sa;"
            f"Pwd={m.word()}'/></connectionStrings></configuration>"
        ),
    ),
    (
        "application.properties",
        [2, 3],
        lambda m: (
            f"spring.datasource.username=sa\nspring.datasource.password={m.word()}\n"
            f"db.url=jdbc:mysql://h/db?user=sa&password={m.word()}\n"
        ),
    ),
    ("hibernate.cfg.xml", [2], lambda m: f"<a>\n<property name='connection.password'>{m.word()}</property>\n</a>"),
    (
        "wp-config.php",
        [2, 4],
        lambda m: (
            f"<?php\ndefine('DB_PASSWORD', '{m.word()}');\ndefine('DB_USER', 'bob');\n"
            f"define('AUTH_KEY', '{m.word()} $ {m.word()}');\n"
        ),
    ),
    (
        "config.php",
        [2, 3],
        lambda m: (
            f"<?php\n$db['pass']['password'] = '{m.word()}';\n$c = new PDO('x', 'bob', '{m.word()}');\n"
            "$password = $_POST['password'];\n"
        ),
    ),
    (
        "settings.py",
        [2],
        lambda m: f"import os\nSECRET_KEY = '{m.word(50)}'\nPASSWORD = os.environ['PASSWORD']\nDEBUG = True\n",
    ),
    (
        "salesforce.js",
        [2],
        lambda m: f"var c = new jsforce.Connection();\nc.login('me@x.example', '{m.word()}', function() {{}});\n",
    ),
    ("dump.sql", [8, 9, 10], _insert_rows),
    ("b.sql", [2], lambda m: f"COPY accounts (id, password, name) FROM stdin;\n1\t{m.word()}\tbob\n\\.\n"),
    ("c.sql", [1], lambda m: f"CREATE USER 'bob'@'%' IDENTIFIED BY '{m.word()}';\n"),
    ("d.sql", [1], lambda m: f"INSERT INTO t (id, api_key, note) VALUES (1, '{m.word()}', 'it''s; (fine)');\n"),
    (".ssh/id_rsa", [1], lambda m: m.pem()),
    ("cert-key.pem", [4], lambda m: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + m.pem()),
    (
        "x.ppk",
        [6],
        lambda m: (
            "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: me\nPublic-Lines: 1\nAAAA\n"
            f"Private-Lines: 1\n{m.word(64)}\nPrivate-MAC: {m.hex(40)}\n"
        ),
    ),
    (
        "robomongo.json",
        [2, 3],
        lambda m: json.dumps({"userPassword": m.word(), "passphrase": m.word(), "publicKey": "a"}, indent=1),
    ),
    ("dbeaver-data-sources.xml", [2], lambda m: f"<d><connection host='h' user='u'\n password='{m.word()}'/></d>"),
    (".idea/WebServers.xml", [2], lambda m: f"<p><fileTransfer host='h'\n username='u' password=\"{m.hex(20)}\"/></p>"),
    ("sftp-config.json", [3], lambda m: '{\n // note\n "password":"' + m.word() + '",\n //"port": 22\n}'),
    (".vscode/sftp.json", [3], lambda m: json.dumps({"host": "h", "password": m.word()}, indent=1)),
    (".remote-sync.json", [2], lambda m: json.dumps({"password": m.word(), "username": "u"}, indent=1)),
    (
        ".ftpconfig",
        [2, 3, 4],
        lambda m: json.dumps({"host": "h", "user": "bob", "pass": m.word(), "port": 2}, indent=1),
    ),
    (
        "logins.json",
        [4, 5],
        lambda m: json.dumps({"logins": [{"encryptedUsername": m.word(), "encryptedPassword": m.word()}]}, indent=1),
    ),
    ("azureauth.json", [2], lambda m: json.dumps({"clientSecret": m.word(), "clientId": "x"}, indent=1)),
    ("msal_token_cache.json", [4], lambda m: json.dumps({"RefreshToken": {"k": {"secret": m.word(80)}}}, indent=1)),
    (
        "a.publishsettings",
        [1],
        lambda m: f"<publishData><publishProfile userName='u' userPWD='{m.word()}'/></publishData>",
    ),
    (
        "service-account.json",
        [2],
        lambda m: json.dumps({"private_key": m.pem("PRIVATE" + " KEY"), "client_email": "a@b"}, indent=1),
    ),
]


@pytest.mark.parametrize(("path", "expected", "text"), CASES, ids=[case[0] for case in CASES])
def test_a_credential_is_found_on_its_line_and_nothing_else_is(
    path: str, expected: list[int], text: Callable[[Any], str], made: Any
) -> None:
    assert lines(path, text(made)) == expected


QUIET = {
    ".netrc": "machine a.example login bob password ${TOKEN}\n",
    ".npmrc": "//r.example/:_authToken=${NPM_TOKEN}\nregistry=https://r.example/\n",
    ".pgpass": "#host:5432:db:bob:abcdef\nhost:5432:db:bob:<password>\n",
    ".env": "DB_PASSWORD=\nAPI_KEY=xxxxxxxx\nTOKEN=your_token_here\nSECRET=${OTHER}\n"
    "TOKEN_URL=https://a.example/t\nPASSWORD=true\n",
    ".bashrc": "export PATH=$PATH:/usr/bin\nexport TOKEN=$(cat token)\nexport PASS=$OTHER\nexport EDITOR=vi\n",
    ".docker/config.json": '{"auths": {"r.example": {}}, "credsStore": "desktop"}',
    "config.json": '{"auth": true, "name": "x"}',
    "web/wp-config.php": "<?php\ndefine('DB_PASSWORD', 'password_here');\n"
    "define('AUTH_KEY', 'put your unique phrase here');\n",
    "settings.py": "SECRET_KEY = os.environ['SECRET_KEY']\n# SECRET_KEY = 'abcdefghijk'\n"
    "PASSWORD_RESET_URL = '/reset/now'\n",
    "config/database.yml": "live:\n  password: <%= ENV['DB_PASSWORD'] %>\n  username: bob\n",
    "secrets.yml": "x:\n  password: '{{ vault_password }}'\n  token: ENC[AES256_GCM,data:abc]\n",
    "messages_de.properties": "login.password=Passwort\nlogin.token=Zugangskennung\n",
    "main.tfvars": 'region = "eu"\ndb_password = ""\n',
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
    "server.crt.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "id_rsa.pub": "ssh-rsa AAAAB3 bob@host\n",
    "schema.sql": "CREATE TABLE users (id int, password varchar(60));\nINSERT INTO colours VALUES (1, 'red');\n",
    "sealed.yaml": "kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgAabc\n",
    "sops.yaml": "kind: Secret\nmetadata: {name: a}\nstringData:\n"
    "  password: ENC[AES256_GCM,data:x]\nsops:\n  version: 3\n",
    "chart/secret.yaml": "kind: Secret\ndata:\n  password: {{ .Values.password | b64enc }}\n",
    "appsettings.json": '{"ConnectionStrings": {"Db": "Server=db;Integrated Security=true;"}, "Token": "#{Token}#"}',
    "nuget.config": "<configuration><add key='Password' value='%NUGET_PASSWORD%'/></configuration>",
    "kubeconfig": "clusters: []\nusers:\n- name: a\n  user:\n    exec: {command: aws}\n",
    "empty.tfstate": '{"version": 4, "resources": [], "outputs": {}}',
    ".gitconfig": "[user]\n\tname = Bob\n\temail = bob@x.example\n"
    '[url "git@git.example:"]\n\tinsteadOf = https://git.example/\n',
    "config": '[core]\n\tbare = false\n[remote "origin"]\n\turl = https://git.example/x.git\n',
}


@pytest.mark.parametrize("path", QUIET)
def test_references_placeholders_and_harmless_fields_are_not_findings(path: str) -> None:
    if credentials.wants(path):
        assert found(path, QUIET[path]) == ()


def test_docker_auth_is_decoded_into_user_and_password(made: Any) -> None:
    password = made.word(9)
    text = json.dumps({"auths": {"r.example": {"auth": made.base64(f"bob:{password}")}}}, indent=1)
    (credential,) = found(".docker/config.json", text)
    assert (credential.value, credential.user, credential.host, credential.line) == (password, "bob", "r.example", 4)


def test_the_readers_of_a_path_are_those_whose_tests_it_meets(made: Any) -> None:
    paths = [path for path, _, _ in CASES]
    paths += [".NETRC", "a.b/c", "", "/", "a/", "id_rsa", "x/.docker/config.json", ".env.local", f"{made.word()}.Json"]
    for path in paths:
        asked = [name for name, matches in credentials._tests().items() if matches(path)]
        assert credentials._names_of(path) == tuple(asked), path


def test_only_json_with_a_kubernetes_secret_is_read_with_places(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {"kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": made.word(20)}}
    api = {"kind": "APIResourceList", "groups": [{"kind": "Secret", "version": "v1"}]}
    for document in (secret, {"kind": "List", "items": [api, secret]}):
        assert len(found("a.json", json.dumps(document, indent=1))) == 1, document
    assert len(found("a.json", json.dumps(secret) + "  # no JSON, but YAML")) == 1
    monkeypatch.setattr("lockgate.formats.credentials.kubernetes_secret.yaml_roots", None)
    assert not found("a.json", json.dumps(api)) and not found("a.json", json.dumps({"items": [api]}))
    monkeypatch.setattr("lockgate.formats.credentials.kubernetes_secret.orjson", None)
    assert not found("a.json", json.dumps({"paths": [api, {"x": {"group": "", "kind": "Secret"}}]}, indent=2))


@pytest.mark.parametrize("beside", [{"kind": "Secret", "version": "v1"}, {"a": "{"}, {"a": "}"}, "{", '"{', '\\"{', {}])
@pytest.mark.parametrize("kind_first", [True, False])
def test_a_secret_is_read_whatever_stands_beside_it(made: Any, beside: Any, kind_first: bool) -> None:
    parts = [("kind", "Secret"), ("a", "}"), ("b", "{"), ("stringData", {"password": made.word(20)}), ("c", '"')]
    secret = dict(parts if kind_first else parts[::-1])
    for items in ([beside, secret], [secret, beside], [beside, secret, beside]):
        for indent in (None, 2):
            assert len(found("a.json", json.dumps({"kind": "List", "items": items}, indent=indent))) == 1, items


def test_a_kubernetes_secret_is_decoded_in_every_document(made: Any) -> None:
    password, token = made.word(12), made.word(20)
    text = (
        f"kind: ConfigMap\ndata: {{password: {made.base64('x')}}}\n---\nkind: Secret\nmetadata: {{name: db}}\ndata:\n"
        f"  password: {made.base64(password)}\n  username: {made.base64('bob')}\n---\nkind: Secret\nstringData:\n"
        f"  token: {token}\n"
    )
    assert [(item.value, item.line) for item in found("a/secret.yaml", text)] == [(password, 7), (token, 12)]


def test_a_kubeconfig_gives_tokens_and_keys_with_their_user(made: Any) -> None:
    text = (
        f"clusters: []\nusers:\n- name: ann\n  user:\n    token: {made.word(40)}\n    client-certificate-data: AAAA\n"
    )
    (credential,) = found(".kube/config", text)
    assert (credential.kind, credential.user, credential.line, credential.column) == ("kubeconfig", "ann", 5, 12)


def test_terraform_state_gives_what_is_marked_sensitive(made: Any) -> None:
    hidden, shown = made.word(), made.word()
    state = {
        "version": 4,
        "outputs": {"plain": {"value": "a"}, "o": {"value": shown, "sensitive": True}},
        "resources": [
            {
                "type": "x",
                "instances": [
                    {
                        "attributes": {"id": "1", "odd": hidden},
                        "sensitive_attributes": [[{"type": "get_attr", "value": "odd"}]],
                    }
                ],
            }
        ],
    }
    assert {item.value for item in found("terraform.tfstate", json.dumps(state, indent=1))} == {hidden, shown}


def test_filezilla_passwords_are_decoded_and_say_their_host(made: Any) -> None:
    password = made.word(9)
    text = (
        "<FileZilla3><Server>\n<Host>h.example</Host><User>bob</User>\n"
        f'<Pass encoding="base64">{made.base64(password)}</Pass></Server></FileZilla3>'
    )
    (credential,) = found("sitemanager.xml", text)
    assert (credential.value, credential.user, credential.host, credential.line) == (password, "bob", "h.example", 3)


def test_an_encrypted_private_key_is_of_low_confidence(made: Any) -> None:
    (plain,) = found("id_rsa", made.pem())
    (sealed,) = found("id_rsa", made.pem(head="Proc-Type: 4,ENCRYPTED\n\n"))
    assert (plain.confidence, sealed.confidence) == (Confidence.HIGH, Confidence.LOW)


def test_real_keys_of_every_container_are_known_by_their_bytes() -> None:
    pytest.importorskip("cryptography", reason="makes the keys of this test")
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import pkcs12

    key = ed25519.Ed25519PrivateKey.generate()
    der, none = form.Encoding.DER, form.NoEncryption()
    assert found("a.der", key.private_bytes(der, form.PrivateFormat.PKCS8, none))[0].key == "der private key"
    curve = ec.generate_private_key(ec.SECP256R1())
    traditional = curve.private_bytes(der, form.PrivateFormat.TraditionalOpenSSL, none)
    assert found("a.der", traditional)[0].key == "der ec private key"
    assert (
        found("a.p12", pkcs12.serialize_key_and_certificates(b"a", curve, None, None, none))[0].key
        == "pkcs12 key store"
    )
    public = curve.public_key().public_bytes(der, form.PublicFormat.SubjectPublicKeyInfo)
    assert found("a.der", public) == ()
    openssh = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, none)
    assert found("id_ed25519", openssh)[0].confidence is Confidence.HIGH
    head = base64.b64encode(b"openssh-key-v1\0\0\0\0\x0aaes256-ctr" + b"\1" * 90).decode()
    locked = "-----BEGIN OPENSSH PRIVATE" + f" KEY-----\n{head}\n-----END OPENSSH PRIVATE" + " KEY-----\n"
    assert found("id_ed25519", locked)[0].confidence is Confidence.LOW


def test_a_java_key_store_is_known_unless_it_only_trusts() -> None:
    head = b"\xfe\xed\xfe\xed" + (2).to_bytes(4, "big") + (1).to_bytes(4, "big")
    assert found("a.jks", head + (1).to_bytes(4, "big") + b"rest")
    assert not found("a.jks", head + (2).to_bytes(4, "big") + b"rest")


@pytest.mark.parametrize("path", ["application-x.png", "env.1.gz", "appsettings.css", "service-account.md"])
def test_a_name_that_only_begins_alike_is_no_credential_file(path: str) -> None:
    assert credentials.read_with_skips(path, b"\0\1\2") == credentials.CredentialReading()


def test_weak_words_are_reported_with_low_confidence() -> None:
    (credential,) = found(".pgpass", "localhost:5432:db:bob:changeme\n")
    assert credential.confidence is Confidence.LOW


def test_the_values_of_an_environment_template_are_of_low_confidence(made: Any) -> None:
    (credential,) = found(".env.example", f"API_KEY={made.word()}\n")
    assert credential.confidence is Confidence.LOW


def test_a_large_file_that_is_no_secret_manifest_is_no_skip() -> None:
    assert found("schema.json", '{"a": [' + "1," * 1_500_000 + "1]}") == ()


def test_the_value_is_not_in_the_repr(made: Any) -> None:
    value = made.word()
    assert value not in repr(found(".pgpass", f"h:1:d:u:{value}\n"))


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("sitemanager.xml", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', SkipKind.UNSUPPORTED),
        ("sitemanager.xml", b"<a>" * 5000, SkipKind.TOO_LARGE),
        ("sitemanager.xml", b"<a><b>", SkipKind.MALFORMED),
        ("logins.json", b"[" * 100_000, SkipKind.TOO_LARGE),
        ("sftp.json", b'{"password": ', SkipKind.MALFORMED),
        (".env", b"A=1\n" * 1_000_000, SkipKind.TOO_LARGE),
        (".env", b"A\0B", SkipKind.UNSUPPORTED),
        (
            "s.yaml",
            b"kind: Secret\na: &a [x,x,x,x,x,x,x,x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(8)),
            SkipKind.TOO_LARGE,
        ),
    ],
)
def test_hostile_content_is_a_skip_with_its_kind(path: str, content: bytes, kind: SkipKind) -> None:
    reading = credentials.read_with_skips(path, content)
    assert kind in {skip.kind for skip in reading.skips}
    assert all(skip.family == "secrets" and skip.path == path for skip in reading.skips)
