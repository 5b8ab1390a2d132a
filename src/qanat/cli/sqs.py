"""Calls of the SQS API, and of the one operation that is ours."""

import json
from typing import Any, Final

from qanat.cli.client import Client
from qanat.cli.data import DataDirectory, KeyPair
from qanat.cli.errors import CommandFailed
from qanat.core.names import Arn

_AWS: Final = "AmazonSQS"
_OURS: Final = "Qanat"
_JSON: Final = "application/x-amz-json-1.0"
QUEUE_DOES_NOT_EXIST: Final = "QueueDoesNotExist"
ACCESS_DENIED: Final = "AccessDeniedException"


class Refused(CommandFailed):
    """The server's own words; `code` is the name of the error's shape."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Sqs:
    """The SQS of a server in one region, as one caller asks it. Every method raises CommandFailed."""

    def __init__(
        self, directory: DataDirectory, key: KeyPair, region: str | None, token: str | None = None
    ) -> None:
        """`region` is None for the server's own; `token` is that of a temporary key."""
        self.region = region or directory.region
        self._endpoint_url = directory.endpoint_url
        self._client = Client("sqs", directory.endpoint_url, self.region, directory.ca_bundle, key, token)

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        return self._call(f"{_AWS}.{operation}", members)

    def peek(self, **members: Any) -> dict[str, Any]:
        return self._call(f"{_OURS}.PeekMessages", members)

    @property
    def findings(self) -> list[str]:
        """What the server said of what it did, beyond AWS's answer."""
        return self._client.findings

    def close(self) -> None:
        self._client.close()

    def url_of(self, queue: str) -> str:
        """What QueueUrl may be for a queue that is named by its name, its URL or its ARN."""
        arn = Arn.parse(queue)
        return queue if arn is None else f"{self._endpoint_url}/{arn.account}/{arn.resource}"

    def arn_of(self, queue: str) -> str:
        """Of a queue that is there, unless its ARN is what was given."""
        if Arn.parse(queue) is not None:
            return queue
        return str(self.attributes(queue, "QueueArn")["QueueArn"])

    def attributes(self, queue: str, *names: str) -> dict[str, str]:
        answer = self.call("GetQueueAttributes", QueueUrl=self.url_of(queue), AttributeNames=names)
        found: dict[str, str] = answer.get("Attributes", {})
        return found

    def _call(self, target: str, members: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in members.items() if value is not None}
        headers = {"content-type": _JSON, "x-amz-target": target}
        status, body = self._client.post(headers, json.dumps(given).encode())
        try:
            # What returns nothing has no body.
            answer: dict[str, Any] = json.loads(body or b"{}")
        except ValueError:
            raise CommandFailed(
                f"the server at {self._endpoint_url} answered something that is not SQS's"
            ) from None
        if status != 200:
            raise _refused(status, answer, given)
        return answer


def _refused(status: int, answer: dict[str, Any], given: dict[str, Any]) -> Refused:
    code = str(answer.get("__type", status)).rpartition("#")[2]
    message = answer.get("message") or answer.get("Message") or f"SQS answered {status}"
    if code == QUEUE_DOES_NOT_EXIST:
        message = (
            f"there is no queue {given.get('QueueUrl', '')}: `qanat queue ls` names those that there are"
        )
    return Refused(code, message)
