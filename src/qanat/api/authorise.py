"""May this caller do this, here, on this way in? Collects the policies that apply and asks the policy engine.

Invariant: a decision is kept only while nothing that it read can vary: until the control state changes, and only
where its policies read no condition key beyond FIXED_KEYS. What cannot be judged is denied.
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from qanat.api.context import FIXED_KEYS, context_of, tag_context
from qanat.core.control import Control
from qanat.core.errors import AccessDenied
from qanat.core.identity.model import Caller
from qanat.core.policy.decision import Decision, Named, Policies, Reason, Request
from qanat.core.policy.document import Document, PolicyKind, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.explain import denial_text
from qanat.core.policy.full_access import FULL_ACCESS
from qanat.core.way import WayIn

logger = logging.getLogger(__name__)

_DOCUMENTS_MAX: Final = 65_536
_DECISIONS_MAX: Final = 65_536
# Callers choose the names they ask for, and nobody may fill memory with long ones. No ARN of ours comes near this.
_KEPT_RESOURCE_LENGTH_MAX: Final = 512

# In the place of an endpoint's id; no endpoint is called so.
_FORWARDED: Final = "forwarded"

Tags = tuple[tuple[str, str], ...]
NO_TAGS: Final[Mapping[str, str | None]] = MappingProxyType({})

_DecisionKey = tuple[str, str, str, str, str | None, bool]


class Authoriser:
    def __init__(self, control: Control) -> None:
        self._control = control
        self._documents: dict[tuple[PolicyKind, str], Document] = {}
        self._decisions: dict[_DecisionKey, Decision] = {}
        self._decided_at_version = -1
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
        resource_policy: str | None = None,
        resource_tags: Tags = (),
        request_tags: Mapping[str, str | None] = NO_TAGS,
    ) -> None:
        """Returns if it is allowed; raises AccessDenied with the reason if not.

        `region` is the one that is asked. No way in: SQS itself acts on the caller's behalf. `resource_policy` is its
        text, always given where it has one: decisions are kept by resource. `request_tags` as in `tag_context`.
        """
        if self._decided_at_version != self._control.version:
            self._decisions.clear()
            self._decided_at_version = self._control.version
        came_by = (_FORWARDED, True) if way is None else (way.vpc_endpoint_id, way.secure)
        key = (caller.unique_id, action, resource, region, *came_by)
        decision = self._decisions.get(key)
        if decision is not None and decision.allowed:
            self.counts[decision.reason] += 1
            return
        context = context_of(caller, way, region, resource_account, _user_agent(headers), now_ms)
        about_tags, unclear = tag_context(resource_tags, request_tags)
        context.update(about_tags)
        request = Request(caller, action, resource, resource_account, context)
        if decision is None:
            policies = self._policies(caller, way, resource_policy, resource)
            keys_read = _keys_read(policies)
            if not unclear.isdisjoint(keys_read):
                # Whichever of the two tags was taken, the other could be what a Deny is about.
                raise self._cannot_judge(
                    "A policy that applies reads a tag whose key is there in two spellings."
                )
            decision = authorize(request, policies)
            if len(resource) <= _KEPT_RESOURCE_LENGTH_MAX and keys_read <= FIXED_KEYS:
                self._keep(key, decision)
        self.counts[decision.reason] += 1
        if not decision.allowed:
            raise AccessDenied(denial_text(request, decision))

    def _policies(
        self, caller: Caller, way: WayIn | None, resource_policy: str | None, resource: str
    ) -> Policies:
        identity: tuple[Named, ...] = ()
        if caller.user_name is not None:
            user = self._control.identity.user(caller.account, caller.user_name)
            if user is None:
                raise self._cannot_judge("The caller no longer exists.")
            identity = tuple(
                Named(name, self._document(PolicyKind.IDENTITY, text)) for name, text in user.policies
            )
        return Policies(
            identity=identity,
            resource=None
            if resource_policy is None
            else Named(resource, self._document(PolicyKind.RESOURCE, resource_policy)),
            endpoints=self._endpoint_policies(way),
        )

    def _endpoint_policies(self, way: WayIn | None) -> tuple[Named, ...]:
        if way is None or way.vpc_endpoint_id is None:
            return ()
        endpoint = self._control.network.endpoint(way.vpc_endpoint_id)
        if endpoint is None:
            raise self._cannot_judge(f"The VPC endpoint {way.vpc_endpoint_id} no longer exists.")
        if endpoint.policy is None:
            return (Named(endpoint.vpc_endpoint_id, FULL_ACCESS),)
        return (Named(endpoint.vpc_endpoint_id, self._document(PolicyKind.ENDPOINT, endpoint.policy)),)

    def _document(self, kind: PolicyKind, text: str) -> Document:
        found = self._documents.get((kind, text))
        if found is not None:
            return found
        try:
            document = parse(text, kind)
        except (PolicyInvalid, PolicyTooLarge) as error:
            # It was understood when it was written. Whatever it denied must stay denied.
            logger.error("a stored policy cannot be read any more, so requests are denied: %s", error)
            raise self._cannot_judge("A policy that applies to this request cannot be read.") from error
        if len(self._documents) >= _DOCUMENTS_MAX:
            self._documents.clear()
        self._documents[kind, text] = document
        return document

    def _cannot_judge(self, why: str) -> AccessDenied:
        self.unjudged += 1
        return AccessDenied(why)

    def _keep(self, key: _DecisionKey, decision: Decision) -> None:
        if len(self._decisions) >= _DECISIONS_MAX:
            self._decisions.clear()
        self._decisions[key] = decision


def _user_agent(headers: Mapping[bytes, bytes]) -> str | None:
    header = headers.get(b"user-agent")
    return None if header is None else header.decode("latin-1")


def _keys_read(policies: Policies) -> frozenset[str]:
    return frozenset().union(*(named.document.keys_read for named in policies.all()))
