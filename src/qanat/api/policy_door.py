"""The local door by which `qanat policy explain` asks: why was it denied, and would it be allowed?

Whoever owns the data directory may read every policy in it, so no API shows this and nobody else may ask.
"""

import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from qanat.api.authorise import DENIED_KEPT, Authoriser, Denied
from qanat.api.door import LocalDoor, in_thread
from qanat.api.policy_questions import Question, Questions, canonical_action
from qanat.core.policy.decision import Policies, Request
from qanat.core.policy.trace.layers import trace
from qanat.net import fds
from qanat.net.errors import NetworkUnavailable

SOCKET_NAME: Final = "policy.sock"
ANSWER_BYTES_MAX: Final = 32 * 1024 * 1024
"""A hundred traces of large policies; those that do not fit are left out, and counted."""


_Asked = tuple[Mapping[str, object], Request, Policies]
"""What there is to say of a request, and what it is judged by."""


class Wish(Struct, frozen=True):
    """A question, or the last denials: the newest first, those that the filters let through."""

    question: Question | None = None
    last: int = 1
    principal: str | None = None
    """An ARN or a unique id, which find the sessions of a role or user too; or `anonymous`."""
    action: str | None = None
    resource: str | None = None
    """As in a question."""


class PolicyDoor:
    def __init__(
        self, directory: Path, authoriser: Authoriser, questions: Questions, now_ms: Callable[[], int]
    ) -> None:
        self._authoriser = authoriser
        self._questions = questions
        self._now_ms = now_ms
        self._door = LocalDoor(directory, SOCKET_NAME, self._visit)
        self.open, self.close = self._door.open, self._door.close

    async def _visit(self, connection: socket.socket) -> None:
        """The answer is one JSON object; the end of the stream ends it."""
        wish = await in_thread(connection, lambda: _wish(connection))
        # Facts are gathered here, where the state stands still; what is made of them never changes, so a thread may.
        if wish.question is not None:
            found, notes = self._questions.gathered(wish.question, self._now_ms())
            asked: list[_Asked] = [({"notes": notes}, found.request, found.policies)]
        else:
            asked = [
                ({"at_ms": one.at_ms, "notes": ()}, one.request, one.policies) for one in self._denied(wish)
            ]
        await in_thread(connection, lambda: connection.sendall(_rendered(asked)))

    def _denied(self, wish: Wish) -> list[Denied]:
        action = None if wish.action is None else canonical_action(wish.action).lower()
        resource = None if wish.resource is None else self._questions.resource_arn(wish.resource)
        found = [
            one
            for one in reversed(self._authoriser.denied)
            if (wish.principal is None or wish.principal in _names(one))
            and (action is None or one.request.action.lower() == action)
            and (resource is None or _is(one.request.resource, resource))
        ]
        return found[: max(0, min(wish.last, DENIED_KEPT))]


def _names(denied: Denied) -> Iterable[str]:
    caller = denied.request.caller
    issuer_id = caller.unique_id if caller.session is None else caller.session.issuer_id
    return {caller.arn or "anonymous", caller.principal_arn or caller.arn, caller.unique_id, issuer_id}


def _is(resource: str, wanted: str) -> bool:
    return resource.endswith(wanted) if wanted.startswith(":") else resource == wanted


def _rendered(asked: list[_Asked]) -> bytes:
    encode = msgspec.json.Encoder().encode
    rows: list[bytes] = []
    size = 0
    for about, request, policies in asked:
        row = encode({**about, "trace": trace(request, policies)})
        size += len(row) + 1
        if size > ANSWER_BYTES_MAX:
            break
        rows.append(row)
    return b'{"explained":[' + b",".join(rows) + b'],"left_out":%d}' % (len(asked) - len(rows))


def _wish(connection: socket.socket) -> Wish:
    """Raises NetworkUnavailable where it cannot be read."""
    message, handed = fds.receive(connection)
    fds.close_all(handed)
    try:
        return msgspec.convert(message, Wish)
    except msgspec.ValidationError as error:
        raise NetworkUnavailable(f"the question cannot be read: {error}") from None


def answer_of(data: bytes) -> dict[str, Any]:
    """What a client has received: as `_visit` says, or with `error`. Raises NetworkUnavailable."""
    try:
        found = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise NetworkUnavailable("the server's answer cannot be read") from error
    return found
