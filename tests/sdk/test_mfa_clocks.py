"""Codes and time: one that was shown grows old, and a server whose clock was set back takes those of the right time."""

from contextlib import closing

import pytest

from support.clients import Clients, refusal
from support.clocks import put_forward, shifted
from support.mfa import new_phone
from support.policies import allow, policy
from support.roles import key_of
from support.server import Key, Server
from support.signing import minutes
from support.things import StartServer

RECENT = policy(allow("sqs:*", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}))


def ann(clients: Clients) -> Key:
    """A user who needs a code that is no older than an hour."""
    iam = clients.of("iam")
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="only", PolicyDocument=RECENT)
    made = iam.create_access_key(UserName="ann")["AccessKey"]
    return Key(made["AccessKeyId"], made["SecretAccessKey"])


def session_with_a_code(server: Server) -> Key:
    with closing(Clients(server)) as clients:
        own = ann(clients)
        phone = new_phone(clients.of("iam"), "ann")
        key = key_of(clients.of("sts", own).get_session_token(**phone.showing()))
        clients.of("sqs", key).list_queues()
        return key


def test_a_code_grows_old(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("old")
    server = start_server(directory=folder)
    key = session_with_a_code(server)
    assert server.stop() == 0
    later = start_server(directory=folder, environment=shifted(folder, 3_660))
    with closing(Clients(later)) as clients, pytest.MonkeyPatch.context() as patch:
        put_forward(patch, minutes(61))
        sqs = clients.of("sqs", key)
        assert refusal(sqs.list_queues).code == "AccessDenied"
        assert clients.of("sts", key).get_caller_identity()["Arn"].endswith(":user/ann")


def test_a_server_that_was_set_back_takes_codes_of_the_right_time(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its log holds times that are yet to come, and its own time stands still until then; that of devices goes on."""
    folder = tmp_path_factory.mktemp("set-back")
    ahead = start_server(directory=folder, environment=shifted(folder, 3_600))
    with closing(Clients(ahead)) as clients, pytest.MonkeyPatch.context() as patch:
        put_forward(patch, minutes(60))
        clients.of("sqs").create_queue(QueueName="q")
    assert ahead.stop() == 0
    session_with_a_code(start_server(directory=folder))
