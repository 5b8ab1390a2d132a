"""May this caller do this, here, on this way in? Collects the policies that apply and asks the policy engine.

Invariant: a decision is kept only while nothing that it read can vary: until the control state changes, and by the
values of all that its policies read beyond FIXED_KEYS. What cannot be judged is denied.
"""

import logging
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from qanat.api.context import (
    ON_ADDRESS,
    ON_ANYTHING,
    ON_RESOURCE_TAGS,
    context_of,
    depends_on,
    tag_context,
)
from qanat.api.standing import Standing, Tags, control_levels, standing_of
from qanat.core.control import Control
from qanat.core.errors import AccessDenied
from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.kept import Kept
from qanat.core.policy.decision import Decision, Named, Policies, Reason, Request
from qanat.core.policy.document import Document, PolicyKind, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.explain import denial_text
from qanat.core.policy.full_access import FULL_ACCESS
from qanat.core.policy.stored import Ids, StoredPolicy
from qanat.core.way import WayIn
from qanat.wire.service import Permission

logger = logging.getLogger(__name__)

_DOCUMENTS_MAX: Final = 65_536
# 10,000 callers, each with a dozen of action and queue. One entry takes about half a kilobyte.
_DECISIONS_MAX: Final = 131_072
_STANDINGS_MAX: Final = 65_536
# Of sessions to which policies were passed, and of those policies. Whoever asks for sessions may have as many as it
# likes, and each may be made to take 100 KiB.
_SESSIONS_MAX: Final = 1_024
# Callers choose the names they ask for, and nobody may fill memory with long ones. No ARN of ours comes near this.
_KEPT_RESOURCE_LENGTH_MAX: Final = 512
DENIED_KEPT: Final = 100
"""The last denials, for `qanat policy explain`."""

# Of the resource's name and of the context's texts of one that is kept.
_DENIED_LENGTH_MAX: Final = 16_384

# What a client says is held against patterns before anything else looks at it, and that takes the time of both lengths.
# The longest that can be right: an external id of 1,224 characters, a policy's ARN of 672.
_SAID_LENGTH_MAX: Final = 1_280
_SAID_MAX: Final = 256
"""Tags, or values of one key; of tags a thing has 50 at most."""
_USER_AGENT_LENGTH_MAX: Final = 1_024
"""Of the rest policies see nothing: whoever sends it may as well send less."""

TOO_LONG: Final = "The request names more, or something longer, than any policy could be about."
UNCLEAR: Final = "A policy that applies reads a tag whose key is there in two spellings."
# In the place of an endpoint's id; no endpoint is called so.
_FORWARDED: Final = "forwarded"

NO_TAGS: Final[Mapping[str, str | None]] = MappingProxyType({})
_NOTHING: Final[Mapping[str, str | tuple[str, ...]]] = MappingProxyType({})
# By these root mends a queue policy that shuts everyone out, itself too; see docs/decisions.
_MENDING: Final = frozenset(
    {"sqs:GetQueueAttributes", "sqs:SetQueueAttributes", "sqs:AddPermission", "sqs:RemovePermission"}
)

_DecisionKey = tuple[str, str, str, str, str | None, bool]
_VariedKey = tuple[_DecisionKey, str | None, Tags]
# Bound once: before Python 3.12 it takes ten times as long to find a member in its enum as a name.
_ACCOUNT: Final = PrincipalType.ACCOUNT
_SESSION: Final = PolicyKind.SESSION
_TRUST: Final = PolicyKind.TRUST


class Denied(Struct, frozen=True):
    """One denial with all that it was judged by."""

    at_ms: int
    request: Request
    policies: Policies
    decision: Decision
    way: WayIn | None


class Gathered(Struct, frozen=True):
    request: Request
    policies: Policies
    unclear: frozenset[str]
    """Condition keys of tags that are there in two spellings."""
    depends_on: int
    """What else than FIXED_KEYS what the policies read follows from."""

    @property
    def cannot_be_judged(self) -> bool:
        """Whether a policy reads one of those: whichever tag was taken, the other could be what a Deny is about."""
        unclear = self.unclear
        return bool(unclear) and any(
            not unclear.isdisjoint(named.document.keys_read) for named in self.policies.all()
        )


class Authoriser:
    def __init__(self, control: Control) -> None:
        self._control = control
        self._documents: Kept[tuple[PolicyKind, str, Ids], Document] = Kept(_DOCUMENTS_MAX)
        self._decisions: Kept[_DecisionKey | _VariedKey, Decision] = Kept(_DECISIONS_MAX)
        self._varies_with: Kept[_DecisionKey, int] = Kept(_DECISIONS_MAX)
        """What else decisions follow from that are kept by a longer key."""
        self._resource_policies: Kept[tuple[str, StoredPolicy], Named] = Kept(_STANDINGS_MAX)
        self._endpoint_policies: Kept[str, tuple[Named, ...]] = Kept(_STANDINGS_MAX)
        self._standings: Kept[str, Standing] = Kept(_STANDINGS_MAX)
        self._session_standings: Kept[str, Standing] = Kept(_SESSIONS_MAX)
        self._session_documents: Kept[tuple[PolicyKind, str, Ids], Document] = Kept(_SESSIONS_MAX)
        self._decided_at_version = -1
        self._standing_at_version = -1
        self.denied: deque[Denied] = deque(maxlen=DENIED_KEPT)
        """Newest last."""
        self.counts = dict.fromkeys(Reason, 0)
        """How often each was the reason of a decision."""
        self.unjudged = 0
        """Denied because nothing could be decided."""

    def demand(
        self,
        caller: Caller,
        action: str,
        resource: str,
        resource_account: str,
        region: str,
        way: WayIn | None,
        headers: Mapping[bytes, bytes],
        now_ms: int,
        resource_policy: StoredPolicy | None = None,
        resource_tags: Tags = (),
        request_tags: Mapping[str, str | None] = NO_TAGS,
        own_context: Mapping[str, str | tuple[str, ...]] = _NOTHING,
    ) -> None:
        """Returns if it is allowed; raises AccessDenied with the reason if not.

        `region` is the one that is asked. No way in: SQS itself acts on the caller's behalf. `resource_policy` is
        always given where there is one: decisions are kept by resource. `request_tags` as in `tag_context`;
        `own_context` holds the condition keys of the service's own.
        """
        if self._decided_at_version != self._control.version:
            self._forget()
        came_by = (_FORWARDED, True) if way is None else (way.vpc_endpoint_id, way.secure)
        key = (_who(caller), action, resource, region, *came_by)
        # What is said with one request is not said with the next.
        lasts = not request_tags and not own_context and len(resource) <= _KEPT_RESOURCE_LENGTH_MAX
        decision = self._decisions.get(key) if lasts else None
        if decision is None and lasts:
            decision = self._decided(key, way, resource_tags)
        if decision is not None and decision.allowed:
            self.counts[decision.reason] += 1
            return
        try:
            gathered = self.gather(
                caller,
                action,
                resource,
                resource_account,
                region,
                way,
                headers,
                now_ms,
                resource_policy,
                resource_tags,
                request_tags,
                own_context,
            )
        except AccessDenied:
            self.unjudged += 1
            raise
        if decision is None:
            decision = self._judged(gathered)
            if lasts:
                self._keep(key, way, resource_tags, gathered.depends_on, decision)
        self.counts[decision.reason] += 1
        if not decision.allowed:
            self._remember_denied(Denied(now_ms, gathered.request, gathered.policies, decision, way))
            raise AccessDenied(denial_text(gathered.request, decision))

    def _judged(self, gathered: Gathered) -> Decision:
        if gathered.cannot_be_judged:
            self.unjudged += 1
            raise AccessDenied(UNCLEAR)
        return authorize(gathered.request, gathered.policies)

    def _remember_denied(self, denied: Denied) -> None:
        if _length(denied.request) <= _DENIED_LENGTH_MAX:
            self.denied.append(denied)

    def _decided(self, key: _DecisionKey, way: WayIn | None, resource_tags: Tags) -> Decision | None:
        """The decision that is kept by a longer key."""
        varies_with = self._varies_with.get(key)
        if varies_with is None:
            return None
        return self._decisions.get(_varied(key, varies_with, way, resource_tags))

    def _keep(
        self, key: _DecisionKey, way: WayIn | None, resource_tags: Tags, varies_with: int, decision: Decision
    ) -> None:
        if varies_with == 0:
            self._decisions.keep(key, decision)
        elif not varies_with & ON_ANYTHING:
            self._varies_with.keep(key, varies_with)
            self._decisions.keep(_varied(key, varies_with, way, resource_tags), decision)

    def gather(
        self,
        caller: Caller,
        action: str,
        resource: str,
        resource_account: str,
        region: str,
        way: WayIn | None,
        headers: Mapping[bytes, bytes],
        now_ms: int,
        resource_policy: StoredPolicy | None = None,
        resource_tags: Tags = (),
        request_tags: Mapping[str, str | None] = NO_TAGS,
        own_context: Mapping[str, str | tuple[str, ...]] = _NOTHING,
    ) -> Gathered:
        """All that `demand` judges by, and nothing judged, counted or kept. Raises AccessDenied where it cannot be."""
        if self._decided_at_version != self._control.version:
            self._forget()
        if len(resource) > _SAID_LENGTH_MAX:
            raise AccessDenied(TOO_LONG)
        if (request_tags and not _is_short(request_tags)) or (own_context and not _is_short(own_context)):
            raise AccessDenied(TOO_LONG)
        standing = self._standing(caller)
        context = context_of(caller, way, region, resource_account, _user_agent(headers), now_ms)
        unclear = standing.unclear
        if resource_tags or request_tags:
            about_tags, unclear_too = tag_context(resource_tags, request_tags)
            context.update(about_tags)
            unclear |= unclear_too
        context.update(standing.tag_context)
        context.update(own_context)
        request = Request(caller, action, resource, resource_account, context)
        policies = self._policies(request, standing, way, resource_policy)
        found = standing.depends_on
        for named in policies.beside_the_caller():
            found |= depends_on(named.document.keys_read)
        return Gathered(request, policies, unclear, found)

    def _forget(self) -> None:
        self._decisions.clear()
        self._varies_with.clear()
        self._resource_policies.clear()
        self._endpoint_policies.clear()
        self._decided_at_version = self._control.version
        # Where callers stand is told by the identity state alone, and queues change more often.
        if self._standing_at_version != self._control.identity_version:
            self._standings.clear()
            self._session_standings.clear()
            self._standing_at_version = self._control.identity_version

    def demand_permission(
        self,
        caller: Caller,
        permission: Permission,
        region: str,
        way: WayIn | None,
        headers: Mapping[bytes, bytes],
        now_ms: int,
    ) -> None:
        """As `demand`, of one of a control operation's permissions."""
        self.demand(
            caller,
            permission.action,
            permission.resource,
            permission.account,
            region,
            way,
            headers,
            now_ms,
            permission.trust,
            permission.resource_tags,
            permission.request_tags,
            permission.context,
        )

    def _standing(self, caller: Caller) -> Standing:
        who = _who(caller)
        with_policies = caller.session is not None and caller.session.policies is not None
        standings = self._session_standings if with_policies else self._standings
        found = standings.get(who)
        if found is None:
            found = standing_of(caller, self._control.identity, self._document)
            standings.keep(who, found)
        return found

    def _policies(
        self, request: Request, standing: Standing, way: WayIn | None, resource_policy: StoredPolicy | None
    ) -> Policies:
        return Policies(
            identity=standing.identity,
            resource=self._resource_policy(request, resource_policy),
            endpoints=()
            if way is None or way.vpc_endpoint_id is None
            else self._endpoint(way.vpc_endpoint_id),
            boundaries=standing.boundaries,
            session=standing.session,
            service_control=standing.service_control,
            resource_control=control_levels(
                self._control.identity, request.resource_account, self._document
            ).resource,
            resource_must_allow=resource_policy is not None and resource_policy.kind is _TRUST,
        )

    def _resource_policy(self, request: Request, given: StoredPolicy | None) -> Named | None:
        if given is None or not given.text:
            return None
        caller = request.caller
        is_root = caller.type is _ACCOUNT and caller.account == request.resource_account
        if is_root and request.action in _MENDING:
            return None
        key = (request.resource, given)
        found = self._resource_policies.get(key)
        if found is None:
            found = Named(request.resource, self._document(given.kind, given.text, given.ids))
            self._resource_policies.keep(key, found)
        return found

    def _endpoint(self, vpc_endpoint_id: str) -> tuple[Named, ...]:
        found = self._endpoint_policies.get(vpc_endpoint_id)
        if found is None:
            endpoint = self._control.network.endpoint(vpc_endpoint_id)
            if endpoint is None:
                raise AccessDenied(f"The VPC endpoint {vpc_endpoint_id} no longer exists.")
            document = FULL_ACCESS
            if endpoint.policy is not None:
                document = self._document(PolicyKind.ENDPOINT, endpoint.policy, endpoint.policy_ids)
            found = (Named(vpc_endpoint_id, document),)
            self._endpoint_policies.keep(vpc_endpoint_id, found)
        return found

    def _document(self, kind: PolicyKind, text: str, ids: Ids = ()) -> Document:
        key = (kind, text, ids)
        documents = self._session_documents if kind is _SESSION else self._documents
        found = documents.get(key)
        if found is not None:
            return found
        try:
            document = parse(text, kind, dict(ids))
        except (PolicyInvalid, PolicyTooLarge) as error:
            # It was understood when it was written. Whatever it denied must stay denied.
            logger.error("a stored policy cannot be read any more, so requests are denied: %s", error)
            raise AccessDenied("A policy that applies to this request cannot be read.") from error
        documents.keep(key, document)
        return document


def _who(caller: Caller) -> str:
    """What a caller's policies and tags follow from: two sessions of one name differ in what was passed to them."""
    return caller.unique_id if caller.session is None else caller.session.access_key_id


def _length(request: Request) -> int:
    values = request.context.values()
    texts = (value if isinstance(value, str) else "".join(value) for value in values)
    return len(request.resource) + sum(map(len, texts)) + sum(map(len, request.context))


def _is_short(said: Mapping[str, str | tuple[str, ...] | None]) -> bool:
    for name, value in said.items():
        values = (value,) if isinstance(value, str) else value or ()
        if len(name) > _SAID_LENGTH_MAX or any(len(one) > _SAID_LENGTH_MAX for one in values):
            return False
        if len(values) > _SAID_MAX:
            return False
    return len(said) <= _SAID_MAX


def _user_agent(headers: Mapping[bytes, bytes]) -> str | None:
    header = headers.get(b"user-agent")
    return None if header is None else header[:_USER_AGENT_LENGTH_MAX].decode("latin-1")


def _varied(key: _DecisionKey, varies_with: int, way: WayIn | None, resource_tags: Tags) -> _VariedKey:
    address = way.client_address if way is not None and varies_with & ON_ADDRESS else None
    return key, address, resource_tags if varies_with & ON_RESOURCE_TAGS else ()
