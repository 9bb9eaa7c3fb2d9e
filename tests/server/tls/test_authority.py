"""The own authority: what it writes, when it renews, and that there is no moment without trust."""

import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from lockgate.errors import SourceError
from lockgate.server.tls.authority import Lifetimes, OwnAuthority
from lockgate.server.tls.bundle import bundle_patch

NAMES = ["lockgate.lockgate-system.svc", "127.0.0.1"]
T0 = datetime(2026, 5, 4, 12, tzinfo=UTC)
SHORT = Lifetimes(authority=timedelta(days=90), serving=timedelta(days=9), overlap=timedelta(days=1))


@pytest.fixture
def authority(tmp_path):
    return OwnAuthority(tmp_path / "ca", names=NAMES, lifetimes=SHORT)


def serving(authority):
    return x509.load_pem_x509_certificate(authority.pair.certificate.read_bytes())


def trusted(authority, bundle):
    """Whether the serving certificate chains to something in the bundle."""
    for one in x509.load_pem_x509_certificates(bundle.encode()):
        try:
            serving(authority).verify_directly_issued_by(one)
        except Exception:
            continue
        return True
    return False


def test_the_first_call_makes_everything_and_the_second_nothing(authority):
    assert authority.ensure(T0) is True
    assert authority.ensure(T0) is False
    certificate = serving(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(str(name.value) for name in names) == sorted(NAMES)
    assert certificate.public_key().curve.name == "secp256r1"
    assert certificate.not_valid_after_utc == T0 + SHORT.serving
    assert trusted(authority, authority.bundle())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.pair.certificate, authority.pair.key)


def test_files_are_for_the_owner_alone(authority, tmp_path):
    authority.ensure(T0)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "ca").iterdir()}
    assert set(modes) == {"ca.crt", "ca.key", "tls.crt", "tls.key", "lock"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "ca").stat().st_mode) == 0o700


def test_the_serving_certificate_is_renewed_when_a_third_of_its_life_is_left(authority):
    authority.ensure(T0)
    first = serving(authority).serial_number
    assert authority.ensure(T0 + timedelta(days=5)) is False
    assert authority.ensure(T0 + timedelta(days=6, hours=1)) is True
    assert serving(authority).serial_number != first


def test_other_names_make_another_certificate(authority, tmp_path):
    authority.ensure(T0)
    other = OwnAuthority(tmp_path / "ca", names=["lockgate.elsewhere.svc"], lifetimes=SHORT)
    assert other.ensure(T0) is True
    assert other.bundle() == authority.bundle()


def test_through_several_authorities_the_bundle_of_a_day_ago_always_trusts_the_server(authority):
    """An API server that reads the bundle up to ``overlap`` late must never meet a stranger."""
    now, late = T0, []
    authorities = set()
    for _ in range(250 * 2):
        authority.ensure(now)
        bundle = authority.bundle()
        late.append(bundle)
        if len(late) > 2:  # two looks of twelve hours: one day
            late.pop(0)
        assert trusted(authority, bundle) and trusted(authority, late[0])
        assert serving(authority).not_valid_after_utc > now
        authorities |= {one.serial_number for one in x509.load_pem_x509_certificates(bundle.encode())}
        assert bundle.count("BEGIN CERTIFICATE") <= 3
        now += timedelta(hours=12)
    assert len(authorities) >= 4


def test_two_processes_make_one_authority(tmp_path):
    made = [OwnAuthority(tmp_path / "ca", names=NAMES, lifetimes=SHORT) for _ in range(6)]
    threads = [threading.Thread(target=one.ensure, args=(T0,)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made[0].bundle().count("BEGIN CERTIFICATE") == 1
    assert trusted(made[0], made[5].bundle())


def test_a_damaged_folder_is_an_error_with_a_way_out(authority, tmp_path):
    authority.ensure(T0)
    (tmp_path / "ca" / "ca.crt").write_text("nonsense")
    with pytest.raises(SourceError, match="the authority cannot be used"):
        authority.ensure(T0)


def test_the_patch_of_a_bundle_touches_only_what_differs():
    webhooks = [{"name": "a", "clientConfig": {"caBundle": "eA=="}}, {"name": "b", "clientConfig": {}}]
    configuration = {"webhooks": webhooks}
    assert bundle_patch(configuration, "x") == [
        {"op": "test", "path": "/webhooks/1/name", "value": "b"},
        {"op": "add", "path": "/webhooks/1/clientConfig/caBundle", "value": "eA=="},
    ]
    assert bundle_patch({}, "x") == []
