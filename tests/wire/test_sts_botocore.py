"""STS API reference, GetCallerIdentity."""

from typing import Any

from qanat.core.identity.model import User, caller_of
from qanat.wire.sts import STS


def test_get_caller_identity(cloud: Any) -> None:
    answer = cloud.ask("sts", "GetCallerIdentity")
    assert (answer["Account"], answer["UserId"], answer["Arn"]) == (
        "123456789012",
        "123456789012",
        "arn:aws:iam::123456789012:root",
    )
    cloud.caller = caller_of(User("123456789012", "bob", "AIDABOB", "/team/", 0))
    answer = cloud.ask("sts", "GetCallerIdentity")
    assert (answer["UserId"], answer["Arn"]) == ("AIDABOB", "arn:aws:iam::123456789012:user/team/bob")
    assert {name for _, name in cloud.called} == set(STS.operations)


def test_no_permission_is_needed() -> None:
    assert STS.operations["GetCallerIdentity"].action is None
