"""What Prometheus reads from a server that was started with --metrics-listen."""

import http.client
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from support.server import ACCOUNT, REGION, Server
from support.things import MadeQueue

WAIT_S = 60.0

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]
"""By name and labels."""


class Figures(NamedTuple):
    """One scrape."""

    values: Values
    families: set[str]

    def of(self, name: str, **labels: str) -> float:
        return self.values[name, tuple(sorted(labels.items()))]

    def queue(self, queue: MadeQueue, name: str) -> float:
        return self.of(f"qanat_sqs_{name}", account=ACCOUNT, region=REGION, queue=queue.name)


def scrape(server: Server) -> Figures:
    url = urlsplit(server.started["metrics"])
    connection = http.client.HTTPConnection(url.netloc, timeout=WAIT_S)
    connection.request("GET", url.path)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (
        200,
        "text/plain; version=0.0.4; charset=utf-8",
    )
    text = answer.read().decode()
    connection.close()
    values: Values = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in values, f"{key} twice"
            values[key] = sample.value
    return Figures(values, set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)))
