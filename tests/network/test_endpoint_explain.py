"""Why a request through an endpoint was denied, and whether one would be."""

import json
from typing import Any

from support.policies import allow, deny, send
from support.vpc import OWN, Cloud, private_url


def explain(cloud: Cloud, *words: str, code: int = 1) -> dict[str, Any]:
    server = cloud.server
    done = server.command("policy", "explain", *words, "--data", str(server.data), "--json")
    assert (done.returncode, done.stderr) == (code, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def layer(explained: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in explained["trace"]["layers"] if one["layer"] == name)


def test_an_endpoint_is_a_layer_and_a_source(flat_cloud: Cloud) -> None:
    cloud, vpc_id = flat_cloud, flat_cloud.vpc()
    user, queue = cloud.user(), cloud.queue()
    reading = {**allow("sqs:ReceiveMessage", queue.arn, Principal={"AWS": user.arn}), "Sid": "AllowReceive"}
    endpoint = cloud.endpoint(vpc_id, cloud.subnet(vpc_id))
    cloud.set_policy(endpoint, reading)
    asked = ("--principal", user.arn, "--action", "SendMessage", "--queue", queue.name)
    with cloud.instance(vpc_id, "--user", user.name) as inside:
        sent = inside.call(OWN, "SendMessage", QueueUrl=private_url(queue), MessageBody="x")
    assert not sent.allowed
    last = explain(cloud)
    assert last["trace"]["message"] == sent.message
    assert last["trace"]["context"]["aws:sourcevpce"] == endpoint.endpoint_id
    silent = layer(last, "VPC endpoint policy")
    (statement,) = silent["policies"][0]["statements"]
    assert (silent["verdict"], statement["sid"], statement["applies"]) == ("silent", "AllowReceive", False)
    assert [one["name"] for one in statement["elements"] if not one["matched"]] == ["Action"]
    first = last["trace"]["advice"][0]
    assert (first["layer"], first["policy"]) == (
        "VPC endpoint policy",
        f"the policy of the VPC endpoint {endpoint.endpoint_id}",
    )
    through = explain(cloud, *asked, "--endpoint", endpoint.endpoint_id)
    assert through["trace"]["message"] == sent.message
    send(user, queue)
    explain(cloud, *asked, code=0)
    cloud.set_policy(endpoint, reading, json.loads(first["add"]))
    explain(cloud, *asked, "--endpoint", endpoint.endpoint_id, code=0)


def test_the_endpoint_that_a_queue_wants_is_named(flat_cloud: Cloud) -> None:
    cloud, vpc_id = flat_cloud, flat_cloud.vpc()
    user, queue = cloud.user(), cloud.queue()
    endpoint = cloud.endpoint(vpc_id, cloud.subnet(vpc_id))
    other = {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}
    cloud.guard(queue, {**deny("sqs:SendMessage", queue.arn, Principal="*", Condition=other), "Sid": "Only"})
    words = ("--principal", user.arn, "--action", "SendMessage", "--queue", queue.name)
    found = explain(cloud, *words, "--endpoint", endpoint.endpoint_id, "--source-ip", "10.0.1.77")
    (statement,) = layer(found, "resource-based policy")["policies"][0]["statements"]
    (condition,) = statement["conditions"]
    assert (statement["sid"], condition["seen"]) == ("Only", endpoint.endpoint_id)
    assert found["trace"]["advice"][0]["text"].endswith(
        "To pass it: come through the VPC endpoint vpce-1a2b3c4d (the request came through "
        f"{endpoint.endpoint_id} from 10.0.1.77)."
    )
