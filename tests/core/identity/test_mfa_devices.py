"""Virtual MFA devices: IAM's rules and texts, and what a code is good for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity.world import ACCOUNT, BOB, EVE, OTHER, World
from qanat.core.errors import QanatError
from qanat.core.identity import commands as c
from qanat.core.identity import mfa_commands as m
from qanat.core.identity.errors import (
    InvalidAuthenticationCode,
    MfaCodeRefused,
    MfaDeviceUnknown,
    Throttling,
)
from qanat.core.identity.mfa_devices import DEVICES_OF_USER_MAX, WAIT_MAX_MS, WAIT_MS, wait_ms
from qanat.core.identity.model import MfaDevice
from qanat.core.identity.quotas import MFA_DEVICES
from qanat.core.identity.records import MfaCodeJudged
from qanat.core.identity.totp import STEP_MS, code_of

SEED = b"a seed of twenty ..."
SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/phones/bob"
MAKE = m.CreateMfaDevice(ACCOUNT, "bob", "/phones/", SEED)
NOW = 1_000_000
"""The step in which the tests begin."""
WRONG = "000000"


def at(step: int) -> int:
    return step * STEP_MS + 7


def enable(
    first: int = NOW - 1, here: int = NOW, name: str = "bob", serial: str = SERIAL
) -> m.EnableMfaDevice:
    """With the codes of `first` and of the step after it."""
    return m.EnableMfaDevice(ACCOUNT, name, serial, code_of(SEED, first), code_of(SEED, first + 1), at(here))


def resync(first: int, here: int) -> m.ResyncMfaDevice:
    codes = code_of(SEED, first), code_of(SEED, first + 1)
    return m.ResyncMfaDevice(ACCOUNT, "bob", SERIAL, *codes, at(here))


def use(
    step: int, here: int | None = None, code: str | None = None, name: str = "bob", serial: str = SERIAL
) -> m.UseMfaCode:
    at_ms = at(step if here is None else here)
    return m.UseMfaCode(ACCOUNT, name, serial, code or code_of(SEED, step), at_ms)


@pytest.fixture
def world() -> World:
    return World(BOB, EVE, MAKE)


@pytest.fixture
def enabled(world: World) -> World:
    assert world.told(enable()) is None
    return world


def device(world: World) -> MfaDevice:
    found = world.control.identity.mfa_device(SERIAL)
    assert found is not None
    return found


def outcome(world: World, command: object, now_ms: int = 2_000) -> object:
    """The reply, or the type of the refusal."""
    try:
        reply = world.told(command, now_ms)
    except QanatError as refusal:
        return type(refusal)
    return type(reply) if isinstance(reply, QanatError) else reply


class TestLifeOfADevice:
    def test_made_enabled_and_taken_away(self, world: World) -> None:
        made = device(world)
        assert (made.serial, made.user_id, made.enabled_at_ms) == (SERIAL, None, None)
        world.told(enable(), 5_000)
        assert (device(world).user_id, device(world).enabled_at_ms) == ("AIDABOB", 5_000)
        world.told(m.DeactivateMfaDevice(ACCOUNT, "bob", SERIAL))
        assert (device(world).user_id, device(world).enabled_at_ms) == (None, None)
        world.told(m.DeleteMfaDevice(ACCOUNT, SERIAL))
        assert world.control.identity.mfa_device(SERIAL) is None

    def test_a_renamed_user_keeps_it(self, enabled: World) -> None:
        enabled.told(c.UpdateUser(ACCOUNT, "bob", "rob", "/"))
        ((found, user),) = enabled.told(m.ListMfaDevices(ACCOUNT, "rob")).items
        assert (found.serial, user.name) == (SERIAL, "rob")
        assert outcome(enabled, use(NOW + 1, name="rob")) == 2_000

    def test_lists(self, enabled: World) -> None:
        enabled.told(m.CreateMfaDevice(ACCOUNT, "spare", "/", SEED))
        enabled.told(m.CreateMfaDevice(OTHER, "theirs", "/", SEED))
        spare = f"arn:aws:iam::{ACCOUNT}:mfa/spare"

        def listed(assigned: bool | None) -> list[tuple[str, str | None]]:
            items = enabled.told(m.ListVirtualMfaDevices(ACCOUNT, assigned)).items
            return [(found.serial, user and user.name) for found, user in items]

        assert listed(None) == [(SERIAL, "bob"), (spare, None)]
        assert listed(True) == [(SERIAL, "bob")]
        assert listed(False) == [(spare, None)]
        assert enabled.told(m.ListMfaDevices(ACCOUNT, "eve")).items == ()
        assert enabled.told(m.ListMfaDevices(ACCOUNT, None)).items == (), "root has none"
        first = enabled.told(m.ListVirtualMfaDevices(ACCOUNT, None, None, 1))
        rest = enabled.told(m.ListVirtualMfaDevices(ACCOUNT, None, first.next_token, 1))
        assert [one.serial for one, _ in (*first.items, *rest.items)] == [SERIAL, spare]

    def test_it_is_counted(self, world: World) -> None:
        def counted() -> tuple[int, int]:
            summary = world.told(c.GetAccountSummary(ACCOUNT))
            return summary["MFADevices"], summary["MFADevicesInUse"]

        assert counted() == (1, 0)
        world.told(enable())
        assert counted() == (1, 1)
        world.told(m.DeactivateMfaDevice(ACCOUNT, "bob", SERIAL))
        world.told(m.DeleteMfaDevice(ACCOUNT, SERIAL))
        assert counted() == (0, 0)

    def test_tags(self, world: World) -> None:
        world.told(m.TagMfaDevice(ACCOUNT, SERIAL, (("Team", "a"), ("x", "y"))))
        world.told(m.TagMfaDevice(ACCOUNT, SERIAL, (("team", "b"),)))
        tags = (("team", "b"), ("x", "y"))
        assert world.told(m.ListMfaDeviceTags(ACCOUNT, SERIAL)).items == tags
        assert world.control.identity.tags_of(SERIAL) == tags
        assert world.records(m.TagMfaDevice(ACCOUNT, SERIAL, tags)) == [], "nothing changes"
        world.told(m.UntagMfaDevice(ACCOUNT, SERIAL, ("TEAM",)))
        assert world.told(m.ListMfaDeviceTags(ACCOUNT, SERIAL)).items == (("x", "y"),)

    def test_no_seed_shows_in_a_log_line(self, world: World) -> None:
        assert "twenty" not in repr(device(world))
        assert "twenty" not in repr(MAKE)


UNKNOWN = f"arn:aws:iam::{ACCOUNT}:mfa/none"
NOT_THERE = ("NoSuchEntity", f"VirtualMFADevice with serial number {UNKNOWN} does not exist.")
NOT_HERS = ("NoSuchEntity", "MFA Device invalid for user.")


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (MAKE, ("EntityAlreadyExists", "MFADevice entity at the same path and name already exists.")),
        (
            m.DeleteMfaDevice(ACCOUNT, SERIAL),
            ("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first."),
        ),
        (m.DeleteMfaDevice(ACCOUNT, UNKNOWN), NOT_THERE),
        (
            m.DeleteMfaDevice(OTHER, SERIAL),
            ("NoSuchEntity", f"VirtualMFADevice with serial number {SERIAL} does not exist."),
        ),
        (enable(), ("EntityAlreadyExists", "MFA Device is already in use.")),
        (enable(name="eve"), ("EntityAlreadyExists", "MFA Device is already in use.")),
        (enable(name="zoe"), ("NoSuchEntity", "The user with name zoe cannot be found.")),
        (enable(serial=UNKNOWN), NOT_THERE),
        (m.DeactivateMfaDevice(ACCOUNT, "eve", SERIAL), NOT_HERS),
        (m.DeactivateMfaDevice(ACCOUNT, "bob", UNKNOWN), NOT_THERE),
        (m.ResyncMfaDevice(ACCOUNT, "eve", SERIAL, WRONG, WRONG, at(NOW)), NOT_HERS),
        (m.GetMfaDevice(ACCOUNT, "eve", SERIAL), NOT_HERS),
        (m.TagMfaDevice(ACCOUNT, UNKNOWN, ()), NOT_THERE),
        (m.UntagMfaDevice(ACCOUNT, UNKNOWN, ()), NOT_THERE),
        (m.ListMfaDeviceTags(ACCOUNT, UNKNOWN), NOT_THERE),
        (
            c.DeleteUser(ACCOUNT, "bob"),
            ("DeleteConflict", "Cannot delete entity, must delete MFA device first."),
        ),
    ],
)
def test_refusals(enabled: World, command: object, refusal: tuple[str, str]) -> None:
    assert enabled.refused(command) == refusal


def test_a_user_has_eight_devices_and_no_more(world: World) -> None:
    for number in range(DEVICES_OF_USER_MAX + 1):
        world.told(m.CreateMfaDevice(ACCOUNT, f"d{number}", "/", SEED))
    serials = [f"arn:aws:iam::{ACCOUNT}:mfa/d{number}" for number in range(DEVICES_OF_USER_MAX + 1)]
    for serial in serials[:-1]:
        world.told(enable(serial=serial))
    assert world.refused(enable(serial=serials[-1])) == (
        "LimitExceeded",
        "Cannot exceed quota for MFADevicesPerUser: 8",
    )
    # A code is one device's, whatever the others took.
    assert outcome(world, use(NOW + 1, serial=serials[3])) == 2_000
    assert outcome(world, use(NOW + 1, serial=serials[4])) == 2_000


def test_an_account_has_room_for_so_many(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    full = MFA_DEVICES.__class__(MFA_DEVICES.name, 1)
    monkeypatch.setattr("qanat.core.identity.quotas.MFA_DEVICES", full)
    more = m.CreateMfaDevice(ACCOUNT, "more", "/", SEED)
    assert world.refused(more) == ("LimitExceeded", "Cannot exceed quota for MFADevicesPerAccount: 1")


class TestACode:
    """RFC 6238, section 5.2: one code, one use; and a drift of a step either way."""

    @pytest.mark.parametrize("here", [NOW + 4, NOW + 5, NOW + 6])
    def test_is_good_near_its_time(self, enabled: World, here: int) -> None:
        assert outcome(enabled, use(NOW + 5, here), 9_000) == 9_000

    @pytest.mark.parametrize("here", [NOW + 3, NOW + 7, NOW + 100])
    def test_is_not_good_at_another_time(self, enabled: World, here: int) -> None:
        assert outcome(enabled, use(NOW + 5, here)) is MfaCodeRefused

    def test_is_good_once(self, enabled: World) -> None:
        assert outcome(enabled, use(NOW + 5)) == 2_000
        assert outcome(enabled, use(NOW + 5)) is MfaCodeRefused

    def test_ends_those_of_earlier_steps(self, enabled: World) -> None:
        assert outcome(enabled, use(NOW + 5)) == 2_000
        assert outcome(enabled, use(NOW + 4, NOW + 5)) is MfaCodeRefused
        assert outcome(enabled, use(NOW + 6)) == 2_000

    @pytest.mark.parametrize("step", [NOW - 1, NOW])
    def test_that_enabled_the_device_was_used(self, enabled: World, step: int) -> None:
        assert outcome(enabled, use(step)) is MfaCodeRefused
        assert outcome(enabled, use(NOW + 1)) == 2_000

    def test_stays_used_when_the_device_is_enabled_again(self, enabled: World) -> None:
        assert outcome(enabled, use(NOW + 2)) == 2_000
        enabled.told(m.DeactivateMfaDevice(ACCOUNT, "bob", SERIAL))
        assert outcome(enabled, use(NOW + 3)) is MfaDeviceUnknown
        assert outcome(enabled, enable(NOW + 1, NOW + 2)) is InvalidAuthenticationCode
        assert outcome(enabled, enable(NOW + 2, NOW + 3)) is InvalidAuthenticationCode
        assert outcome(enabled, enable(NOW + 3, NOW + 4)) is None

    @pytest.mark.parametrize(("name", "serial"), [("eve", SERIAL), ("zoe", SERIAL), ("bob", UNKNOWN)])
    def test_is_of_a_device_of_the_user(self, enabled: World, name: str, serial: str) -> None:
        assert outcome(enabled, use(NOW + 1, name=name, serial=serial)) is MfaDeviceUnknown

    def test_changes_nothing_that_a_policy_reads(self, enabled: World) -> None:
        version = enabled.control.version
        enabled.told(use(NOW + 1))
        enabled.told(use(NOW + 2, code=WRONG))
        assert enabled.control.version == version


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-3, 3)), max_size=20))
def test_codes_are_taken_in_the_order_of_time_and_never_twice(asked: list[tuple[int, int]]) -> None:
    """Against a list: time goes on by so many steps, and a code that is so far off is shown.

    Of the steps that this comes to, no two that are near have the same code.
    """
    world = World(BOB, EVE, MAKE)
    world.told(enable())
    here, taken = NOW, [NOW]
    for number, (gone_on, off) in enumerate(asked, start=1):
        here += gone_on
        # For the node it is an hour later each time, so that no wrong code shuts the device for the next.
        now_ms = number * WAIT_MAX_MS
        reply = outcome(world, use(here + off, here), now_ms)
        if abs(off) <= 1 and here + off > taken[-1]:
            assert reply == now_ms
            taken.append(here + off)
        else:
            assert reply is MfaCodeRefused
    assert taken == sorted(set(taken))
    assert device(world).last_step == taken[-1]


class TestTwoCodes:
    @pytest.mark.parametrize("off", [-20, -7, -2, 2, 20])
    def test_show_where_the_device_is(self, world: World, off: int) -> None:
        """Its clock is off by so many steps; enabled, its codes are good when it shows them, a step more or less."""
        assert outcome(world, enable(NOW + off - 1)) is None
        later = NOW + 50
        for step in (-1, 0, 1):
            assert outcome(world, use(later + off + step, later)) == 2_000
        assert outcome(world, use(later + off + 2, later)) is MfaCodeRefused

    @pytest.mark.parametrize("off", [-21, 21])
    def test_are_looked_for_within_ten_minutes(self, world: World, off: int) -> None:
        assert outcome(world, enable(NOW + off - 1)) is InvalidAuthenticationCode
        assert device(world).user_id is None

    @pytest.mark.parametrize("off", [-1, 0, 1])
    def test_of_a_clock_that_is_nearly_right_leave_it(self, world: World, off: int) -> None:
        """As when the second code was typed before its time had come, or after."""
        assert outcome(world, enable(NOW + off - 1)) is None
        assert device(world).ahead_steps == 0

    def test_must_follow_each_other(self, world: World) -> None:
        codes = code_of(SEED, NOW - 2), code_of(SEED, NOW)
        skipped = m.EnableMfaDevice(ACCOUNT, "bob", SERIAL, *codes, at(NOW))
        assert outcome(world, skipped) is InvalidAuthenticationCode
        same = m.EnableMfaDevice(ACCOUNT, "bob", SERIAL, codes[1], codes[1], at(NOW))
        assert outcome(world, same) is InvalidAuthenticationCode

    def test_set_a_device_right_that_went_wrong(self, enabled: World) -> None:
        later = NOW + 1_000
        assert outcome(enabled, use(later - 9, later)) is MfaCodeRefused
        assert outcome(enabled, resync(later - 10, later)) is None
        assert outcome(enabled, use(later - 8, later + 1)) == 2_000
        assert outcome(enabled, resync(later - 9, later)) is InvalidAuthenticationCode, "used"


class TestGuessing:
    def test_costs_more_and_more_time(self, enabled: World) -> None:
        now_ms, waits = 10_000, []
        for _ in range(14):
            assert outcome(enabled, use(NOW + 5, code=WRONG), now_ms) is MfaCodeRefused
            waits.append(device(enabled).refused_until_ms - now_ms)
            now_ms = device(enabled).refused_until_ms
        assert waits[:5] == [0, 0, 0, 0, WAIT_MS]
        assert waits[5:8] == [2 * WAIT_MS, 4 * WAIT_MS, 8 * WAIT_MS]
        assert waits[-1] == waits[-2] == WAIT_MAX_MS

    def test_is_not_answered_meanwhile(self, enabled: World) -> None:
        """Not even the right code, or one could go on guessing; and nothing of it fills the log."""
        for _ in range(5):
            outcome(enabled, use(NOW + 5, code=WRONG), 10_000)
        for command in (use(NOW + 5), use(NOW + 5, code=WRONG), resync(NOW + 4, NOW + 5)):
            before = device(enabled)
            assert outcome(enabled, command, 10_000 + WAIT_MS - 1) is Throttling
            assert device(enabled) == before
        assert outcome(enabled, use(NOW + 5), 10_000 + WAIT_MS) == 10_000 + WAIT_MS
        assert device(enabled).wrong_codes == 0

    def test_two_codes_at_once_counts_too(self, world: World) -> None:
        for _ in range(5):
            wrong = m.EnableMfaDevice(ACCOUNT, "bob", SERIAL, WRONG, WRONG, at(NOW))
            assert outcome(world, wrong) is InvalidAuthenticationCode
        assert outcome(world, enable()) is Throttling

    def test_a_code_that_is_sent_again_is_no_guess(self, enabled: World) -> None:
        outcome(enabled, use(NOW + 5))
        for _ in range(20):
            assert outcome(enabled, use(NOW + 5)) is MfaCodeRefused
        assert outcome(enabled, use(NOW + 6)) == 2_000

    def test_each_guess_is_written_down(self, enabled: World) -> None:
        (record,) = enabled.records(use(NOW + 5, code=WRONG))
        assert record == MfaCodeJudged(SERIAL, NOW, 1, 2_000)

    @pytest.mark.parametrize(("wrong", "expected"), [(0, 0), (4, 0), (5, WAIT_MS), (10**6, WAIT_MAX_MS)])
    def test_the_wait_has_bounds(self, wrong: int, expected: int) -> None:
        assert wait_ms(wrong) == expected
