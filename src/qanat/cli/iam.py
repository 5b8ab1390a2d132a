"""Calls of the IAM API."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from qanat.cli.client import Client
from qanat.cli.errors import CommandFailed

_XMLNS: Final = "{https://iam.amazonaws.com/doc/2010-05-08/}"
_FORM: Final = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Iam:
    """The IAM of a server, as its administrator (id, secret) asks it. Every method raises CommandFailed."""

    endpoint_url: str
    region: str
    ca_bundle: Path
    administrator: tuple[str, str]

    def new_access_key(self, user_name: str) -> tuple[str, str]:
        """(id, secret) of a new key of `user_name`."""
        tree = self._ask("CreateAccessKey", user_name)
        found = [tree.findtext(f".//{_XMLNS}{name}") for name in ("AccessKeyId", "SecretAccessKey")]
        if not found[0] or not found[1]:
            raise CommandFailed("IAM's answer has no access key in it")
        return found[0], found[1]

    def access_key_ids(self, user_name: str) -> list[str]:
        """The ids of the keys that `user_name` has."""
        tree = self._ask("ListAccessKeys", user_name)
        return [element.text or "" for element in tree.iter(f"{_XMLNS}AccessKeyId")]

    def _ask(self, action: str, user_name: str) -> ET.Element:
        form = urlencode({"Action": action, "Version": "2010-05-08", "UserName": user_name}).encode()
        client = Client("iam", self.endpoint_url, self.region, self.ca_bundle, self.administrator)
        status, answer = client.post(_FORM, form)
        client.close()
        try:
            # The answer comes from our own server over verified TLS, and is bounded.
            tree = ET.fromstring(answer)  # noqa: S314
        except ET.ParseError:
            raise CommandFailed(
                f"the server at {self.endpoint_url} answered something that is not IAM's"
            ) from None
        if status != 200:
            raise CommandFailed(tree.findtext(f".//{_XMLNS}Message") or f"IAM answered {status}")
        return tree
