"""`qanat policy explain` about sessions that nobody made: of federated users, and of roles with a session policy."""

from pathlib import Path

import pytest

from sdk.test_policy_explain import ask, explain, refused, verdicts
from support.clients import Clients
from support.policies import allow, policy
from support.roles import MakeRole, key_of, sent
from support.server import ACCOUNT, Server
from support.things import MadeQueue, MakeUser

FAY = f"arn:aws:sts::{ACCOUNT}:federated-user/fay"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return tmp_path / "session-policy.json"


@pytest.mark.parametrize(
    ("passed", "reason"),
    [
        (policy(allow("sqs:SendMessage")), ""),
        (policy(allow("sqs:ReceiveMessage")), "because no session policy allows the sqs:sendmessage action"),
        (None, "because no session policy allows the sqs:sendmessage action"),
    ],
)
def test_a_federated_user_as_it_fares(
    server: Server,
    queue: MadeQueue,
    make_user: MakeUser,
    clients: Clients,
    document: Path,
    passed: str | None,
    reason: str,
) -> None:
    """The answer is what becomes of a session that is really made."""
    user = make_user(policy(allow(["sqs:SendMessage", "sts:GetFederationToken"])))
    given = {} if passed is None else {"Policy": passed}
    key = key_of(user.of("sts").get_federation_token(Name="fay", **given))
    assert sent(clients, key, queue) == reason
    words = [*ask(FAY, queue), "--session-of", user.arn]
    if passed is not None:
        document.write_text(passed)
        words += ["--session-policy", str(document)]
    (found,) = explain(server, *words, code=1 if reason else 0)
    assert found["trace"]["principal"] == FAY
    assert found["trace"]["message"].endswith(reason)
    assert verdicts(found)["session policy"] == ("silent" if reason else "allows")
    assert verdicts(found)["identity-based policy"] == "allows"
    assert found["notes"][0].startswith(f"a session that {user.arn} asked for to which no ")


def test_two_session_policies_are_told_apart(
    server: Server, queue: MadeQueue, make_role: MakeRole, document: Path
) -> None:
    role = make_role(may=policy(allow("sqs:*")))
    words = (*ask(role.session_arn("work"), queue), "--session-policy", str(document))
    for action, code in (("sqs:SendMessage", 0), ("sqs:ReceiveMessage", 1), ("sqs:*", 0)):
        document.write_text(policy(allow(action)))
        explain(server, *words, code=code)
    explain(server, *ask(role.arn, queue), code=0)


def test_sessions_that_there_cannot_be(
    server: Server, queue: MadeQueue, make_user: MakeUser, document: Path
) -> None:
    user = make_user()
    document.write_text("{")
    nobody = f"arn:aws:iam::{ACCOUNT}:user/nobody"
    for words, said in (
        (ask(FAY, queue), "name that user, by --session-of"),
        ((*ask(FAY, queue), "--session-of", nobody), f"there is no {nobody} here"),
        (
            (*ask(FAY, queue), "--session-of", "bob"),
            "a federated session is of a user, by its ARN, not of bob",
        ),
        ((*ask(FAY, queue), "--session-of", user.arn, "--session-policy", str(document)), "cannot be read"),
        ((*ask(FAY, queue), "--session-policy", f"{document}.none"), "No such file or directory"),
        ((*ask(user.arn, queue), "--session-of", user.arn), "only a federated user's session is somebody's"),
        ((*ask(f"{FAY}/x", queue), "--session-of", user.arn), "a principal is a user's"),
        (("--session-of", user.arn), "--session-of is for a question"),
    ):
        assert said in refused(server, *words), words
    document.write_text(policy(allow("sqs:*")))
    assert "only a role's session or a federated user has a session policy" in refused(
        server, *ask(user.arn, queue), "--session-policy", str(document)
    )
