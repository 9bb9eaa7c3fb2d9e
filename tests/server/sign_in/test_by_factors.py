"""Local accounts: from a one-time link to a session, with second factors, lock-out, and ways that lead nowhere."""

from datetime import timedelta

import pyotp
import pytest

from lockgate.errors import UsageError
from lockgate.model.actor import Persona
from lockgate.server.sign_in import by_factors, enrolment
from lockgate.server.sign_in.house import Came, Waiting
from lockgate.server.sign_in.identity import SignInError
from lockgate.settings import PeopleSettings, WhenMfa
from lockgate.store.team import credentials, jobs, people, sessions

CAME = Came("192.0.2.7", "Firefox")
PASSWORD = "correct horse battery staple"


class Account:
    """Somebody who set up a password and one-time codes by the link of the first run."""

    def __init__(self, house, clock):
        self.house, self.clock = house, clock
        self.link = enrolment.setup_link(house).rpartition("#")[2]
        waiting = enrolment.followed(house, self.link, username="root", name="Root", came=CAME)
        assert waiting.enrol
        with house.database.read() as connection:
            self.id = house.half(connection, waiting.token).person
        offered = enrolment.begin_code(house, self.id)
        self.codes = pyotp.TOTP(offered.secret)
        with house.database.begin() as connection:
            enrolment.set_password(house, connection, self.id, PASSWORD, came=CAME)
            assert enrolment.add_code(house, connection, self.id, offered.key, "000000", came=CAME) is None
        with house.database.begin() as connection:
            self.recovery = enrolment.add_code(house, connection, self.id, offered.key, self.code(), came=CAME)
            self.first = by_factors.enrolled(house, connection, waiting.token, ("pwd", "otp", "mfa"), CAME)

    def code(self):
        return self.codes.at(self.clock())

    def next_code(self):
        self.clock.ahead += timedelta(seconds=30)
        return self.code()

    def half(self, password=PASSWORD, username="root", came=CAME):
        return by_factors.by_password(self.house, username, password, next="/trail", came=came)


@pytest.fixture
def root(house, clock):
    return Account(house, clock)


def session_of(house, signed):
    with house.database.read() as connection:
        return sessions.find(connection, signed.token, idle_seconds=99_999, now=house.now())


def results(house):
    with house.database.read() as connection:
        return [job.payload["ResultType"] for job in reversed(jobs.listed(connection, kind=sessions.SIGN_IN_ROW))]


def test_the_first_administrator_comes_by_a_link_that_counts_once(house, root):
    assert session_of(house, root.first).person == root.id
    with house.database.read() as connection:
        assert people.get(connection, root.id).personas == (Persona.ADMINISTRATOR,)
    assert len(root.recovery) == 10
    assert enrolment.setup_link(house) == ""
    with pytest.raises(SignInError, match="was used before"):
        enrolment.followed(house, root.link, username="mallory", name="", came=CAME)


def test_who_leaves_the_first_page_may_come_back_by_the_same_link(house):
    link = enrolment.setup_link(house).rpartition("#")[2]
    enrolment.followed(house, link, username="root", name="", came=CAME)
    enrolment.followed(house, link, username="admin", name="", came=CAME)
    with house.database.read() as connection:
        assert [one.username for one in people.listed(connection)] == ["admin"]
        assert people.administrators(connection) == 0


def test_two_first_administrators_cannot_be(house, clock):
    other = enrolment.setup_link(house).rpartition("#")[2]
    waiting = enrolment.followed(house, other, username="second", name="", came=CAME)
    Account(house, clock)
    with pytest.raises(SignInError, match="there is an administrator already"), house.database.begin() as connection:
        by_factors.enrolled(house, connection, waiting.token, ("hwk", "mfa"), CAME)


def test_a_password_alone_opens_nothing_and_a_code_counts_once(house, root):
    waiting = root.half()
    assert isinstance(waiting, Waiting) and not waiting.enrol
    with house.database.read() as connection:
        assert sessions.find(connection, waiting.token, idle_seconds=600) is None
    code = root.next_code()
    signed = by_factors.by_code(house, code, came=CAME, half_token=waiting.token)
    session = session_of(house, signed)
    assert set(session.methods) == {"pwd", "otp", "mfa"} and signed.next == "/trail"
    again = root.half()
    with pytest.raises(SignInError, match="was used before"):
        by_factors.by_code(house, code, came=CAME, half_token=again.token)
    with pytest.raises(SignInError, match="has taken too long"):
        by_factors.by_code(house, root.next_code(), came=CAME, half_token=waiting.token)


def test_a_second_factor_is_asked_of_local_accounts_whatever_the_settings_say(house, root, people_settings):
    people_settings["settings"] = PeopleSettings(mfa=WhenMfa.NEVER)
    assert isinstance(root.half(), Waiting)


def test_nobody_learns_which_accounts_there_are(house, root):
    with house.database.begin() as connection:
        gone = people.create(connection, username="gone")
        enrolment.set_password(house, connection, gone.id, PASSWORD, came=CAME)
        people.disable(connection, gone.id, actor="test")
    told = set()
    for username, password in (("root", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("gone", "wrong")):
        with pytest.raises(SignInError) as caught:
            root.half(password, username)
        told.add(str(caught.value))
    assert told == {"the name or the password is wrong"}
    assert results(house)[-4:] == ["50126", "50126", "50057", "50126"]


def test_guessing_locks_an_account_for_a_while_and_its_passkeys_not_at_all(house, root):
    for _ in range(5):
        with pytest.raises(SignInError, match="is wrong"):
            root.half("wrong")
    with pytest.raises(SignInError, match="too many attempts"):
        root.half()
    assert results(house)[-1] == "50053"
    assert by_factors.challenge(house).options
    root.clock.ahead += timedelta(seconds=31)
    assert root.half()


def test_who_guesses_elsewhere_locks_nobody_out_and_many_who_guess_do(house, root, monkeypatch):
    monkeypatch.setattr(by_factors, "ACCOUNT_FREE_ANYWHERE", 12)
    for _ in range(6):
        with pytest.raises(SignInError):
            root.half("wrong", came=Came("203.0.113.5"))
    assert root.half()
    for number in range(7):
        with pytest.raises(SignInError, match="is wrong"):
            root.half("wrong", came=Came(f"203.0.113.{10 + number}"))
    with pytest.raises(SignInError, match="too many attempts"):
        root.half(came=Came("203.0.113.99"))


def test_one_address_that_tries_many_accounts_is_locked_too(house, root, monkeypatch, people_settings):
    monkeypatch.setattr(by_factors, "ADDRESS_FREE", 3)
    for number in range(3):
        with pytest.raises(SignInError, match="is wrong"):
            root.half("wrong", f"user-{number}")
    with pytest.raises(SignInError, match="too many attempts"):
        root.half()
    assert root.half(came=Came("198.51.100.9"))
    people_settings["settings"] = PeopleSettings(lock_addresses=False)
    assert root.half()


def test_guessing_codes_locks_the_second_step(house, root):
    waiting = root.half()
    for _ in range(5):
        with pytest.raises(SignInError, match="not right"):
            by_factors.by_code(house, "000000", came=CAME, half_token=waiting.token)
    with pytest.raises(SignInError, match="too many attempts"):
        by_factors.by_code(house, root.recovery[0], came=CAME, half_token=waiting.token)


def test_a_recovery_code_counts_once(house, root):
    signed = by_factors.by_code(house, root.recovery[0].upper(), came=CAME, half_token=root.half().token)
    assert "recovery" in session_of(house, signed).methods
    with pytest.raises(SignInError, match="not right"):
        by_factors.by_code(house, root.recovery[0], came=CAME, half_token=root.half().token)


def test_a_code_of_another_time_does_not_count(house, root):
    waiting = root.half()
    for ahead in (timedelta(minutes=5), timedelta(minutes=-5)):
        with pytest.raises(SignInError, match="not right"):
            by_factors.by_code(house, root.codes.at(root.clock() + ahead), came=CAME, half_token=waiting.token)


def test_step_up_replaces_what_the_browser_holds(house, root):
    before = session_of(house, root.first)
    root.clock.ahead += timedelta(minutes=30)
    signed = by_factors.by_code(house, root.code(), came=CAME, session=before, next="/x")
    after = session_of(house, signed)
    assert (after.id, session_of(house, root.first)) == (before.id, None)
    assert after.mfa - before.mfa > 1_700


def test_a_weak_password_is_refused(house, root):
    for weak in ("short", "aaaaaaaaaaaaaaaa", "password12345", "my-root-name-is", "x" * 201):
        with pytest.raises(UsageError), house.database.begin() as connection:
            enrolment.set_password(house, connection, root.id, weak, came=CAME)


def test_the_last_way_in_cannot_be_removed(house, root):
    for what in ("password", "code"):
        with pytest.raises(UsageError, match="nothing would be left"), house.database.begin() as connection:
            enrolment.remove(connection, root.id, what, came=CAME)


def test_a_reset_takes_all_factors_away_when_its_link_is_used(house, root):
    with house.database.begin() as connection:
        link = enrolment.invitation(house, connection, people.get(connection, root.id), reset=True).rpartition("#")[2]
    assert root.half()
    waiting = enrolment.followed(house, link, username="", name="", came=CAME)
    with house.database.read() as connection:
        assert not credentials.factors(connection, root.id).second
        assert sessions.of(connection, root.id) == ()
    assert waiting.enrol
    with pytest.raises(SignInError, match="is wrong"):
        root.half()


def test_an_invitation_opens_no_account_that_was_set_up_by_another(house, root):
    with house.database.begin() as connection:
        link = enrolment.invitation(house, connection, people.get(connection, root.id)).rpartition("#")[2]
    with pytest.raises(SignInError, match="set up by another link"):
        enrolment.followed(house, link, username="", name="", came=CAME)


def test_what_has_run_out_is_swept_at_the_next_sign_in(house, root):
    from sqlalchemy import func, select

    for _ in range(5):
        by_factors.challenge(house)
    root.clock.ahead += timedelta(days=2)
    by_factors.by_code(house, root.code(), came=CAME, half_token=root.half().token)
    with house.database.read() as connection:
        left = connection.execute(select(func.count()).select_from(sessions.PENDING)).scalar()
        kept = connection.execute(select(func.count()).select_from(sessions.SESSIONS)).scalar()
    assert (left, kept) == (0, 1)


def test_a_factor_is_of_who_began_to_add_it(house, root):
    with house.database.begin() as connection:
        other = people.create(connection, username="other")
    offered = enrolment.begin_code(house, root.id)
    with pytest.raises(SignInError, match="begin again"), house.database.begin() as connection:
        enrolment.add_code(house, connection, other.id, offered.key, pyotp.TOTP(offered.secret).now(), came=CAME)
    asked = enrolment.begin_passkey(house, root.id)
    with pytest.raises(SignInError, match="begin again"), house.database.begin() as connection:
        enrolment.add_passkey(house, connection, other.id, asked.key, "{}", name="", came=CAME)


def test_what_is_no_passkey_is_refused(house, root):
    for answer in ("", "{}", '{"id": 7}', '{"id": "AAAA"}', '{"id": "' + "A" * 2000 + '"}'):
        with pytest.raises(SignInError):
            by_factors.by_passkey(house, by_factors.challenge(house).key, answer, came=CAME)
