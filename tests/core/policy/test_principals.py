"""The Principal element (IAM User Guide, reference_policies_elements_principal and ..._notprincipal)."""

import json

import pytest

from qanat.core.identity.model import (
    ANONYMOUS,
    Caller,
    PrincipalType,
    Session,
    User,
    federated_user,
    root_of,
    service_caller,
)
from qanat.core.policy.document import parse
from qanat.core.policy.errors import PolicyInvalid
from qanat.core.policy.principals import Grade
from qanat.core.policy.sizes import PolicyKind

A, B = "111122223333", "444455556666"
ALICE_ARN = f"arn:aws:iam::{A}:user/team/Alice"
ALICE = Caller(PrincipalType.USER, A, ALICE_ARN, "AIDAALICE", "Alice")
BOB = Caller(PrincipalType.USER, A, f"arn:aws:iam::{A}:user/Bob", "AIDABOB", "Bob")
CAROL = Caller(PrincipalType.USER, B, f"arn:aws:iam::{B}:user/Carol", "AIDACAROL", "Carol")
SESSION = Caller(
    PrincipalType.ASSUMED_ROLE,
    A,
    f"arn:aws:sts::{A}:assumed-role/R/one",
    "AROAR:one",
    principal_arn=f"arn:aws:iam::{A}:role/R",
)
OTHER_SESSION = Caller(
    PrincipalType.ASSUMED_ROLE,
    A,
    f"arn:aws:sts::{A}:assumed-role/R/two",
    "AROAR:two",
    principal_arn=f"arn:aws:iam::{A}:role/R",
)
OTHER_ROLE = Caller(
    PrincipalType.ASSUMED_ROLE,
    A,
    f"arn:aws:sts::{A}:assumed-role/Q/one",
    "AROAQ:one",
    principal_arn=f"arn:aws:iam::{A}:role/Q",
)
FEDERATED = Caller(PrincipalType.FEDERATED_USER, A, f"arn:aws:sts::{A}:federated-user/Fay", f"{A}:Fay")
CALLERS = {
    "alice": ALICE,
    "bob": BOB,
    "carol": CAROL,
    "root": root_of(A),
    "session": SESSION,
    "other session": OTHER_SESSION,
    "other role": OTHER_ROLE,
    "federated": FEDERATED,
    "anonymous": ANONYMOUS,
}
OF_A = set(CALLERS) - {"carol", "anonymous"}


def policy(principal: object, element: str = "Principal", effect: str = "Allow") -> str:
    statement = {"Effect": effect, element: principal, "Action": "sqs:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def grades(text: str, bound: dict[str, str] | None = None) -> dict[str, Grade]:
    principals = parse(text, PolicyKind.RESOURCE, bound or {}).statements[0].principals
    assert principals is not None
    return {name: grade for name, caller in CALLERS.items() if (grade := principals.match(caller))}


DIRECT = [
    ("*", set(CALLERS)),
    ({"AWS": "*"}, set(CALLERS)),
    ({"AWS": ["*", B]}, set(CALLERS)),
    ({"AWS": ALICE_ARN}, {"alice"}),
    ({"AWS": ALICE_ARN.replace("Alice", "alice")}, set()),
    ({"AWS": f"arn:aws:iam::{A}:user/Alice"}, set()),
    ({"AWS": [ALICE_ARN, CAROL.arn]}, {"alice", "carol"}),
    ({"AWS": f"arn:aws:iam::{A}:role/service-role/R"}, set()),
    ({"AWS": f"arn:aws:iam::{B}:role/R"}, set()),
    ({"AWS": SESSION.arn}, {"session"}),
    ({"AWS": FEDERATED.arn}, {"federated"}),
    ({"Service": "sns.amazonaws.com"}, set()),
    ({"Service": ["sns.amazonaws.com", "events.amazonaws.com"], "AWS": ALICE_ARN}, {"alice"}),
    ({"Federated": "cognito-identity.amazonaws.com"}, set()),
    ({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, set()),
]


@pytest.mark.parametrize(("principal", "names"), DIRECT)
def test_who_is_named(principal: object, names: set[str]) -> None:
    assert grades(policy(principal)) == dict.fromkeys(names, Grade.DIRECT)


def test_a_role_means_its_sessions_within_boundary_and_session_policy() -> None:
    sessions = {"session", "other session"}
    assert grades(policy({"AWS": f"arn:aws:iam::{A}:role/R"})) == dict.fromkeys(sessions, Grade.LIMITED)
    both = grades(policy({"AWS": [f"arn:aws:iam::{A}:role/R", SESSION.arn]}))
    assert both == {"session": Grade.DIRECT, "other session": Grade.LIMITED}


def test_a_user_means_its_federated_sessions_too_within_the_session_policy() -> None:
    session = Session("ASIA", 0, 1, "AIDAALICE", "Alice")
    of_alice = federated_user(User(A, "Alice", "AIDAALICE", "/team/", 0), "Fay", session)
    principals = parse(policy({"AWS": ALICE_ARN}), PolicyKind.RESOURCE, {ALICE_ARN: "AIDAALICE"})
    (statement,) = principals.statements
    assert statement.principals is not None
    assert statement.principals.match(of_alice) is Grade.LIMITED
    namesake = federated_user(
        User(A, "Alice", "AIDANEW", "/team/", 0), "Fay", Session("ASIA", 0, 1, "AIDANEW", "Alice")
    )
    assert statement.principals.match(namesake) is Grade.NONE


def test_a_service_is_named_as_a_service_only() -> None:
    def grade(principal: object, element: str = "Principal", effect: str = "Allow") -> Grade:
        (statement,) = parse(policy(principal, element, effect), PolicyKind.RESOURCE).statements
        assert statement.principals is not None
        return statement.principals.match(service_caller("sns.amazonaws.com"))

    assert grade({"Service": "sns.amazonaws.com"}) is Grade.DIRECT
    assert grade({"Service": "s3.amazonaws.com"}) is Grade.NONE
    assert grade({"AWS": [A, ALICE_ARN]}) is Grade.NONE
    assert grade("*") is Grade.DIRECT
    assert grade({"Service": "sns.amazonaws.com"}, "NotPrincipal", "Deny") is Grade.NONE
    assert grade({"Service": "s3.amazonaws.com"}, "NotPrincipal", "Deny") is Grade.DIRECT


@pytest.mark.parametrize("principal", [A, f"arn:aws:iam::{A}:root", f"arn:aws:iam:{A}:root"])
def test_an_account_and_its_root_mean_all_of_the_account_by_delegation(principal: str) -> None:
    assert grades(policy({"AWS": principal})) == dict.fromkeys(OF_A, Grade.DELEGATED)


def test_naming_account_and_user_grants_the_user_directly() -> None:
    found = grades(policy({"AWS": [A, ALICE_ARN]}))
    assert found == {**dict.fromkeys(OF_A, Grade.DELEGATED), "alice": Grade.DIRECT}


REFUSED = [
    ({"AWS": f"arn:aws:iam::{A}:user/*"}, "has a wildcard"),
    ({"AWS": f"arn:aws:iam::{A}:user/My?ser"}, "has a wildcard"),
    ({"AWS": "arn:aws:iam::*:root"}, "has a wildcard"),
    ({"AWS": "12345678901*"}, "has a wildcard"),
    ({"AWS": f"arn:aws:iam::{A}:group/Staff"}, "is not the ARN of an account, user, role or session"),
    ({"AWS": f"arn:aws:iam::{A}:instance-profile/P"}, "is not the ARN of an account, user, role or session"),
    ({"AWS": f"arn:aws:iam::{A}:user/"}, "is not the ARN of an account, user, role or session"),
    ({"AWS": f"arn:aws:sqs::{A}:MyQueue"}, "is not the ARN of an account, user, role or session"),
    ({"AWS": f"arn:aws:sts::{A}:assumed-role/R"}, "is not the ARN of an account, user, role or session"),
    ({"AWS": f"arn:aws:iam:us-east-2:{A}:user/Alice"}, "is not an account, a principal ARN or `*`"),
    ({"AWS": f"arn:aws-cn:iam::{A}:user/Alice"}, "is not an account, a principal ARN or `*`"),
    ({"AWS": f"arn:aws:sqs:{A}:user/Alice"}, "is not an account, a principal ARN or `*`"),
    ({"AWS": f"arn:aws:{A}:user/Alice"}, "is not an account, a principal ARN or `*`"),
    ({"AWS": "AIDAEXAMPLE"}, "is not an account, a principal ARN or `*`"),
    ({"AWS": "12345678901"}, "is not an account, a principal ARN or `*`"),
    ({"AWS": ""}, "is not an account, a principal ARN or `*`"),
    ({"AWS": [[A]]}, "must be a string, not a list"),
    ({"AWS": 111122223333}, "must be a string, not a number"),
    ({"aws": A}, "unknown element `aws`"),
    ({"Service": "*"}, "is not the name of a Service principal"),
    ({"Federated": ""}, "is not the name of a Federated principal"),
    ({"AWS": []}, "names no principal"),
    ({}, "names no principal"),
    ([], "must be"),
    (A, "must be"),
    (None, "must be"),
]


@pytest.mark.parametrize("kind", [PolicyKind.RESOURCE, PolicyKind.ENDPOINT])
@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
@pytest.mark.parametrize(("principal", "detail"), REFUSED)
def test_principals_that_name_nobody_are_refused(
    principal: object, detail: str, element: str, kind: PolicyKind
) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        parse(policy(principal, element), kind)
    assert detail in caught.value.detail
    assert caught.value.path.startswith(f"Statement[0].{element}")


EVERYONE = set(CALLERS)
NOT_DENIED = [
    # A Deny spares only who is named together with its account: the page says to list both.
    ("*", EVERYONE),
    ({"AWS": ALICE_ARN}, set()),
    ({"AWS": A}, {"root"}),
    ({"AWS": [ALICE_ARN, A]}, {"alice", "root"}),
    ({"AWS": [ALICE_ARN, B]}, set()),
    ({"AWS": [f"arn:aws:iam::{A}:role/R", A]}, {"root", "session", "other session"}),
    ({"AWS": [SESSION.arn, f"arn:aws:iam::{A}:role/R", A]}, {"root", "session"}),
    ({"AWS": [SESSION.arn, A]}, {"root"}),
    ({"AWS": [FEDERATED.arn, A]}, {"root", "federated"}),
    ({"Service": "sns.amazonaws.com"}, set()),
]


@pytest.mark.parametrize(("principal", "spared"), NOT_DENIED)
def test_not_principal_with_deny(principal: object, spared: set[str]) -> None:
    found = grades(policy(principal, "NotPrincipal", "Deny"))
    assert found == dict.fromkeys(EVERYONE - spared, Grade.DIRECT)


NOT_ALLOWED = [
    ("*", EVERYONE),
    ({"AWS": ALICE_ARN}, {"alice"}),
    ({"AWS": A}, OF_A),
    ({"AWS": f"arn:aws:iam::{A}:role/R"}, {"session", "other session"}),
]


@pytest.mark.parametrize(("principal", "withheld"), NOT_ALLOWED)
def test_not_principal_with_allow(principal: object, withheld: set[str]) -> None:
    found = grades(policy(principal, "NotPrincipal", "Allow"))
    assert found == dict.fromkeys(EVERYONE - withheld, Grade.DIRECT)


def test_a_saved_principal_is_not_its_later_namesake() -> None:
    role = f"arn:aws:iam::{A}:role/R"
    text = policy({"AWS": [ALICE_ARN, role]})
    assert set(grades(text, {ALICE_ARN: "AIDAALICE", role: "AROAR"})) == {"alice", "session", "other session"}
    assert grades(text, {ALICE_ARN: "AIDAOLD", role: "AROAOLD"}) == {}


def test_a_document_names_the_principals_to_look_up() -> None:
    principals = [A, f"arn:aws:iam::{A}:root", f"arn:aws:iam:{A}:user/Dan", ALICE_ARN, SESSION.arn]
    document = parse(policy({"AWS": principals, "Service": "sns.amazonaws.com"}), PolicyKind.ENDPOINT)
    assert document.principal_arns == {f"arn:aws:iam::{A}:user/Dan", ALICE_ARN, SESSION.arn}


@pytest.mark.parametrize("kind", [PolicyKind.RESOURCE, PolicyKind.ENDPOINT])
@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        (f"arn:aws:iam:{A}:user/MyUser", f"arn:aws:iam::{A}:user/MyUser"),
        (f"arn:aws:iam:{A}:role/R", f"arn:aws:iam::{A}:role/R"),
        (f"arn:aws:iam:{A}:root", f"arn:aws:iam::{A}:root"),
        (f"arn:aws:sts:{A}:assumed-role/R/one", f"arn:aws:sts::{A}:assumed-role/R/one"),
    ],
)
def test_a_principal_a_colon_short_is_read_with_it(
    written: str, read: str, element: str, kind: PolicyKind
) -> None:
    text = policy({"AWS": [B, written]}, element, "Deny")
    document = parse(text, kind)
    assert document.text == text
    (finding,) = (found for found in document.findings if found.code == "PRINCIPAL_ARN_REPAIRED")
    assert finding.path == f"Statement[0].{element}.AWS[1]"
    assert written in finding.message
    assert read in finding.message
    meant = parse(policy({"AWS": [B, read]}, element, "Deny"), kind).statements[0].principals
    assert document.statements[0].principals == meant


def test_a_saved_principal_is_meant_whatever_its_arn_is_now() -> None:
    """Bob was called Rob when the policy was saved, and Rob is somebody else by now."""
    rob_arn = f"arn:aws:iam::{A}:user/Rob"
    rob = Caller(PrincipalType.USER, A, rob_arn, "AIDAROB", "Rob")
    bound = {rob_arn: "AIDABOB"}
    assert grades(policy({"AWS": rob_arn}), bound) == {"bob": Grade.DIRECT}
    root = f"arn:aws:iam::{A}:root"
    denied = grades(policy({"AWS": [rob_arn, root]}, "NotPrincipal", "Deny"), bound)
    assert "bob" not in denied
    principals = parse(policy({"AWS": rob_arn}), PolicyKind.RESOURCE, bound).statements[0].principals
    assert principals is not None
    assert principals.match(rob) is Grade.NONE
