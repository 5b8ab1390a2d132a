"""A cloud without a network: botocore writes each request and reads each answer, and a Control stands between."""

from dataclasses import replace
from itertools import count
from typing import Any
from urllib.parse import urlencode

import botocore.parsers
import botocore.serialize
import botocore.session
import pytest

from qanat.core.control import Control
from qanat.core.errors import QanatError
from qanat.core.identity.commands import CreateAccount, MakeSessionKey
from qanat.core.identity.model import Caller, root_of
from qanat.wire.ec2 import EC2
from qanat.wire.iam import IAM
from qanat.wire.service import Call, Service
from qanat.wire.sts import STS

ACCOUNT = "123456789012"
REGION = "us-east-2"
SERVICES = {service.name: service for service in (EC2, IAM, STS)}


class CountedIds:
    """Ids of the right shape that count up."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def ec2(self, prefix: str) -> str:
        return f"{prefix}-{next(self._numbers):017x}"

    def iam(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):017d}"

    def access_key(self) -> str:
        return f"AKIA{next(self._numbers):016d}"

    def temporary_access_key(self) -> str:
        return f"ASIA{next(self._numbers):016d}"

    def seed(self) -> bytes:
        return next(self._numbers).to_bytes(40, "big")

    def nonce(self) -> bytes:
        return next(self._numbers).to_bytes(12, "big")

    def secret(self) -> str:
        return f"{next(self._numbers):040d}"

    def suffix(self) -> str:
        return f"{next(self._numbers):08d}"


class Refused(Exception):
    """What botocore made of an error answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message = status, code, message


class Cloud:
    def __init__(self) -> None:
        self.control = Control()
        self.control.handle(CreateAccount(ACCOUNT), 1_000)
        self.control.handle(MakeSessionKey(b"k" * 32), 1_000)
        self.caller: Caller = root_of(ACCOUNT)
        self.ids = CountedIds()
        self.now_ms = 1_700_000_000_000
        self.called: set[tuple[str, str]] = set()
        self._session = botocore.session.get_session()

    def ask(self, service_name: str, operation_name: str, **parameters: Any) -> dict[str, Any]:
        """What a client would be given; raises Refused."""
        model = self._session.get_service_model(service_name)
        operation = model.operation_model(operation_name)
        serializer = botocore.serialize.create_serializer(
            model.metadata["protocol"], include_validation=False
        )
        request = serializer.serialize_to_request(parameters, operation)
        status, body = self.send(SERVICES[service_name], urlencode(request["body"]).encode())
        parser = botocore.parsers.create_parser(model.metadata["protocol"])
        answer: dict[str, Any] = parser.parse(
            {"status_code": status, "headers": {}, "body": body}, operation.output_shape
        )
        assert answer["ResponseMetadata"]["RequestId"] == "request-1"
        if status != 200:
            raise Refused(status, answer["Error"]["Code"], answer["Error"]["Message"])
        self.called.add((service_name, operation_name))
        return answer

    def refusal(self, service_name: str, operation_name: str, **parameters: Any) -> tuple[int, str, str]:
        """The status, code and message of a request that must be refused."""
        with pytest.raises(Refused) as refused:
            self.ask(service_name, operation_name, **parameters)
        return refused.value.status, refused.value.code, refused.value.message

    def call(self) -> Call:
        now_ms, identity = self.now_ms, self.control.identity
        return Call(self.caller.account, REGION, self.caller, now_ms, self.ids, identity, now_ms)

    def send(self, service: Service, form: bytes) -> tuple[int, bytes]:
        """As the server does it, less authentication and authorisation."""
        call = self.call()
        try:
            operation, given = service.parse(form)
            proof = operation.proof(given, call)
            if proof is not None:
                call = replace(call, mfa_at_ms=self._told(proof))
            assert all(permission.resource for permission in operation.permissions(given, call))
            reply = self._told(operation.command(given, call))
            output = operation.output(reply, given, call)
            return 200, service.render(operation, output, "request-1")
        except QanatError as error:
            return service.render_error(error, "request-1")

    def _told(self, command: object) -> Any:
        reply = self.control.handle(command, self.now_ms).reply
        if isinstance(reply, QanatError):
            raise reply
        return reply


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()
