"""What authorising a request takes, collecting its policies included: `python -m bench.demand`, in microseconds.

The same requests in a control state of two users and two endpoints and in one of 10,000 each, taken in turn; `loop`
counts to 1,000, to compare machines. The last rows let all 10,000 users ask in turn, each with own policies, of an own
queue, through an own endpoint: what is kept of them is then mostly not in the processor's caches.
"""

from collections.abc import Callable
from itertools import cycle

from bench.authorize import ACCOUNT, ACTION, ARN, QUEUE_POLICY, REGION, in_turn, loop, text, texts

from qanat.api.authorise import Authoriser
from qanat.core.control import Control
from qanat.core.identity.model import Caller, User, caller_of
from qanat.core.identity.records import UserPut
from qanat.core.network.model import EndpointState, Home, VpcEndpoint
from qanat.core.network.records import VpcEndpointCreated
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.stored import StoredPolicy
from qanat.core.way import WayIn

CROWD = 10_000
CONDITIONS = {
    "StringLike": {"aws:SourceVpce": "vpce-*"},
    "StringNotEquals": {"aws:SourceVpc": "vpc-1"},
    "Bool": {"aws:SecureTransport": "true"},
    "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/My*"},
}
STORED = StoredPolicy(PolicyKind.RESOURCE, QUEUE_POLICY)


class Server:
    """Users and endpoints, as many of each; the last user has 100 statements, the others three."""

    def __init__(self, count: int, condition: object) -> None:
        self.control = Control()
        self.authoriser = Authoriser(self.control)
        self._requests: list[tuple[Caller, str, WayIn]] = []
        for number in range(count):
            self._add(number, 100 if number == count - 1 else 3, condition)

    def _add(self, number: int, statements: int, condition: object) -> None:
        policies = texts(statements, f"queue-{{}}-{number}", condition)
        inline = tuple((f"p{index}", policy) for index, policy in enumerate(policies))
        user = User(ACCOUNT, f"MyUser{number}", f"AIDA{number:012}", "/", 0, inline)
        endpoint_id = f"vpce-{number:017x}"
        is_own = {"StringEquals": {"aws:SourceVpce": endpoint_id}}
        allow = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": is_own}
        home, available = Home(ACCOUNT, REGION), EndpointState.AVAILABLE
        endpoint = VpcEndpoint(
            endpoint_id, "vpc-2", home, "sqs", available, text(allow), (), (), False, "abcdefgh", 0
        )
        self.control.apply(UserPut(user))
        self.control.apply(VpcEndpointCreated(endpoint, ()))
        way = WayIn(True, "10.0.0.9", endpoint_id, "vpc-2", ACCOUNT, REGION)
        self._requests.append((caller_of(user), f"{ARN}queue-{statements - 1}-{number}", way))

    def ask(self, request: tuple[Caller, str, WayIn]) -> None:
        caller, resource, way = request
        self.authoriser.demand(caller, ACTION, resource, ACCOUNT, REGION, way, {}, 0, STORED)

    def last(self) -> None:
        self.ask(self._requests[-1])

    def uncached(self) -> None:
        self.authoriser._decisions.clear()
        self.last()

    def changed(self) -> None:
        """The first request after a change of a queue or an endpoint."""
        self.control.version += 1
        self.last()

    def user_changed(self) -> None:
        """The first request after a change of any user, role or policy of theirs."""
        self.control.identity_version += 1
        self.changed()

    def warm(self) -> None:
        for request in self._requests:
            self.ask(request)

    def everyone(self, before: Callable[[], None]) -> Callable[[], None]:
        turn = cycle(self._requests[:-1])

        def ask() -> None:
            before()
            self.ask(next(turn))

        return ask


def main() -> None:
    columns = ("2 of each", "10,000", "ratio", "loop")
    print(f"{'one request':44}" + "".join(f"{column:>12}" for column in columns))
    for condition in (None, CONDITIONS):
        small, large = Server(2, condition), Server(CROWD, condition)
        forget = (small.authoriser._decisions.clear, large.authoriser._decisions.clear)
        with_conditions = "with conditions" if condition else "without conditions"
        for name, few, many in (
            ("cached", small.last, large.last),
            ("uncached, 100 st.", small.uncached, large.uncached),
            ("queue changed, 100 st.", small.changed, large.changed),
            ("user changed, 100 st.", small.user_changed, large.user_changed),
            ("cached, 3 st., all in turn", small.everyone(lambda: None), large.everyone(lambda: None)),
            ("uncached, 3 st., all in turn", small.everyone(forget[0]), large.everyone(forget[1])),
        ):
            small.warm()
            large.warm()
            one, crowd, reference = in_turn([few, many, loop], runs=500)
            figures = (one, crowd, crowd / one, reference)
            print(f"{name + ', ' + with_conditions:44}" + "".join(f"{figure:12.2f}" for figure in figures))


if __name__ == "__main__":
    main()
