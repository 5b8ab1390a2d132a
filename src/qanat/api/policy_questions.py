"""Would it be allowed? A request that nobody made, judged by what the server has stored.

Invariant: it is gathered by the code that gathers requests, and leaves no trace: no count, no kept decision, no denial.
"""

import re
from typing import Final

from msgspec import Struct

from qanat.api.authorise import UNCLEAR, Authoriser, Gathered
from qanat.api.context import FIXED_KEYS, TAG_KEYS
from qanat.api.policy_callers import caller_named
from qanat.api.policy_errors import CannotExplain
from qanat.api.sqs.service import InvalidAddress, read_queue_url
from qanat.api.standing import Tags
from qanat.core.control import Control
from qanat.core.errors import AccessDenied
from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.names import ACCOUNT_ID, Arn, queue_arn
from qanat.core.policy.actions import BATCHES
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.stored import StoredPolicy
from qanat.core.policy.values import address
from qanat.core.queues.errors import QueueDoesNotExist
from qanat.core.way import WayIn
from qanat.wire.sqs.operations import OPERATIONS, OWN_OPERATIONS

_ACTION: Final = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+\Z")
_QUEUE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}(?:\.fifo)?\Z")
_LOCALHOST: Final = "127.0.0.1"
_SPELLED: Final = {
    operation.iam_action.lower(): operation.iam_action
    for operation in (*OPERATIONS.values(), *OWN_OPERATIONS.values())
}
# What is told by --endpoint, --public, --source-ip and --http, or follows from the principal and the resource.
_NOT_GIVEN: Final = FIXED_KEYS | {"aws:sourceip", "aws:vpcsourceip", "aws:principalservicename"}
# Keys that have many values however few are given.
_MANY: Final = frozenset({TAG_KEYS, "aws:calledvia", "aws:principalorgpaths", "sts:transitivetagkeys"})
CONTEXT_MAX: Final = 100


class Question(Struct, frozen=True):
    """`resource` is a queue's name, URL or ARN, any other ARN, or `*`."""

    principal: str
    action: str
    resource: str
    endpoint: str | None = None
    """None: by the public listener."""
    source_ip: str | None = None
    secure: bool = True
    region: str | None = None
    context: dict[str, list[str]] = {}
    session_of: str | None = None
    """Of a federated user: the ARN of the user who asked for the session."""
    session_policies: list[str] = []
    """Documents that were passed to a session."""


class Questions:
    def __init__(self, control: Control, authoriser: Authoriser, region: str, account: str) -> None:
        """`region` and `account` are the server's own, for names that say nothing of theirs."""
        self._control = control
        self._authoriser = authoriser
        self._region = region
        self._account = account

    def gathered(self, question: Question, now_ms: int) -> tuple[Gathered, tuple[str, ...]]:
        """What it is judged by, and what was assumed. Raises CannotExplain."""
        caller, notes = caller_named(
            question.principal,
            self._control.identity,
            question.session_of,
            tuple(question.session_policies),
        )
        action, judged_as = _action(question.action)
        way, assumed = self._way(question)
        if caller.type is PrincipalType.SERVICE:
            assumed = ()  # it has no address
        region = question.region or way.vpc_endpoint_region or self._region
        arn, resource_account, region = self._resource(question.resource, caller, region)
        if way.vpc_endpoint_region not in (None, region):
            raise CannotExplain(
                f"{question.endpoint} serves the Region {way.vpc_endpoint_region} only, not {region}"
            )
        policy, tags, missing = self._of_resource(arn)
        try:
            found = self._authoriser.gather(
                caller,
                action,
                arn,
                resource_account,
                region,
                way,
                {},
                now_ms,
                policy,
                tags,
                own_context=_context(question),
            )
        except AccessDenied as error:
            raise CannotExplain(f"such a request is denied unjudged: {error.message}") from error
        if found.cannot_be_judged:
            raise CannotExplain(f"such a request is denied unjudged: {UNCLEAR}")
        return found, (*judged_as, *notes, *assumed, *missing)

    def resource_arn(self, text: str) -> str:
        """As a denial has it; for a bare name its end, with the colon."""
        return f":{text}" if _QUEUE_NAME.match(text) else self._resource(text, None, self._region)[0]

    def _resource(self, text: str, caller: Caller | None, region: str) -> tuple[str, str, str]:
        """ARN, account, region."""
        own = caller.account if caller is not None and ACCOUNT_ID.match(caller.account) else self._account
        if text == "*":
            return text, own, region
        arn = Arn.parse(text)
        if arn is not None:
            return text, arn.account or own, arn.region or region
        if _QUEUE_NAME.match(text):
            return queue_arn(region, own, text), own, region
        try:
            in_url, account, name = read_queue_url(text)
        except (InvalidAddress, QueueDoesNotExist):
            raise CannotExplain(f"{text} is no queue's name, URL or ARN, nor another ARN or *") from None
        return queue_arn(in_url or region, account, name), account, in_url or region

    def _of_resource(self, text: str) -> tuple[StoredPolicy | None, Tags, tuple[str, ...]]:
        """Its policy, its tags, and what there is to say."""
        arn = Arn.parse(text)
        if arn is None:
            return None, (), ()
        if arn.service == "sqs":
            queue = self._control.catalogue.queue(arn.account, arn.region, arn.resource)
            if queue is None:
                return None, (), (f"there is no queue {text}",)
            return self._control.catalogue.settings(queue).stored_policy, queue.tags, ()
        if arn.service == "iam" and arn.resource.startswith("role/"):
            role = self._control.identity.role(arn.account, arn.resource.rpartition("/")[2])
            if role is None or role.arn != text:
                return StoredPolicy(PolicyKind.TRUST, ""), (), (f"there is no role {text}",)
            return StoredPolicy(PolicyKind.TRUST, role.trust, role.trusted_ids), role.tags, ()
        return None, (), ()

    def _way(self, question: Question) -> tuple[WayIn, tuple[str, ...]]:
        if question.source_ip is not None and address(question.source_ip) is None:
            raise CannotExplain(f"{question.source_ip} is no IP address")
        if question.endpoint is None:
            if question.source_ip is not None:
                return WayIn(question.secure, question.source_ip), ()
            return WayIn(question.secure, _LOCALHOST), (f"the request comes from {_LOCALHOST}",)
        endpoint = self._control.network.endpoint(question.endpoint)
        if endpoint is None:
            raise CannotExplain(f"there is no VPC endpoint {question.endpoint} here")
        if not question.secure:
            raise CannotExplain("a VPC endpoint speaks HTTPS only")
        assumed: tuple[str, ...] = ()
        source = question.source_ip
        if source is None:
            interfaces = self._control.network.interfaces_of_endpoint(question.endpoint)
            source = interfaces[0].private_ip if interfaces else _LOCALHOST
            assumed = (f"the request comes from {source}",)
        home = endpoint.home
        way = WayIn(True, source, question.endpoint, endpoint.vpc_id, home.account, home.region)
        return way, assumed


def _action(text: str) -> tuple[str, tuple[str, ...]]:
    """As AWS writes it, and what it is judged as."""
    full = text if ":" in text else f"sqs:{text}"
    if not _ACTION.match(full):
        raise CannotExplain(f"{text} is no action such as sqs:SendMessage")
    judged_as = BATCHES.get(full.lower())
    if judged_as is not None:
        return judged_as, (f"{full} is no action: batch calls are judged as {judged_as}",)
    return _SPELLED.get(full.lower(), full), ()


def canonical_action(text: str) -> str:
    """Raises CannotExplain."""
    return _action(text)[0]


def _context(question: Question) -> dict[str, str | tuple[str, ...]]:
    if len(question.context) > CONTEXT_MAX:
        raise CannotExplain(f"more than {CONTEXT_MAX} context keys")
    found: dict[str, str | tuple[str, ...]] = {}
    for name, values in question.context.items():
        key = name.lower()
        if key in _NOT_GIVEN:
            raise CannotExplain(
                f"{name} follows from the principal, the resource and the way in: say it by those"
            )
        found[key] = values[0] if len(values) == 1 and key not in _MANY else tuple(values)
    return found
