"""`kill -9` right after a code was taken or refused: what was acknowledged stays so, and nothing can be shown again."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.clients import Clients, refusal
from support.mfa import new_phone
from support.policies import allow, policy
from support.roles import key_of
from support.server import Key, Server


@contextmanager
def until_killed(directory: Path) -> Iterator[Clients]:
    server = Server.start(directory)
    clients = Clients(server)
    try:
        yield clients
    finally:
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        clients.close()
        assert server.process.stdout is not None
        server.process.stdout.close()


def test_a_code_is_good_once_whatever_happens(tmp_path: Path) -> None:
    with until_killed(tmp_path) as clients:
        iam = clients.of("iam")
        iam.create_user(UserName="ann")
        iam.put_user_policy(UserName="ann", PolicyName="iam", PolicyDocument=policy(allow("iam:*")))
        made = iam.create_access_key(UserName="ann")["AccessKey"]
        own = Key(made["AccessKeyId"], made["SecretAccessKey"])
        phone, guessed = new_phone(iam, "ann"), new_phone(iam, "ann", "guessed")
        sts = clients.of("sts", own)
        wrong = {"SerialNumber": guessed.serial, "TokenCode": guessed.wrong_code()}
        for _ in range(5):
            assert refusal(sts.get_session_token, **wrong).code == "AccessDenied"
        shown = phone.showing()
        session = key_of(sts.get_session_token(**shown))

    with until_killed(tmp_path) as clients:
        devices = clients.of("iam").list_mfa_devices(UserName="ann")["MFADevices"]
        assert {one["SerialNumber"] for one in devices} == {phone.serial, guessed.serial}
        sts = clients.of("sts", own)
        # Who guessed has to wait still, and what was shown is used up.
        assert refusal(sts.get_session_token, **guessed.showing()).code == "Throttling"
        again = refusal(sts.get_session_token, **shown)
        assert again.message == "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        # The session goes on, a second factor in it.
        assert clients.of("iam", session).get_user()["User"]["UserName"] == "ann"
