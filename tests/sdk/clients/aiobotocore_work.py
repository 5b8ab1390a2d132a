"""aiobotocore: many long polls at once, batches, and a poll that is cancelled. Prints one line of JSON."""

import asyncio
import json
import sys
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

CONSUMERS = 12
MESSAGES = 120
BOUND_S = 60.0


async def consume(client: Any, url: str, got: list[str], all_there: asyncio.Event) -> None:
    while not all_there.is_set():
        answer = await client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        messages = answer.get("Messages", [])
        if messages:
            entries = [
                {"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]}
                for number, one in enumerate(messages)
            ]
            deleted = await client.delete_message_batch(QueueUrl=url, Entries=entries)
            got += [messages[int(one["Id"])]["Body"] for one in deleted["Successful"]]
        if len(got) >= MESSAGES:
            all_there.set()


async def share_the_work(client: Any, url: str) -> list[str]:
    """What all consumers got and deleted, together."""
    got: list[str] = []
    all_there = asyncio.Event()
    consumers = [asyncio.create_task(consume(client, url, got, all_there)) for _ in range(CONSUMERS)]
    sends = [
        client.send_message_batch(
            QueueUrl=url,
            Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(start, start + 10)],
        )
        for start in range(0, MESSAGES, 10)
    ]
    await asyncio.gather(*sends)
    await asyncio.wait_for(all_there.wait(), BOUND_S)
    for consumer in consumers:
        consumer.cancel()
    await asyncio.gather(*consumers, return_exceptions=True)
    return got


async def cancel_and_poll_again(client: Any, url: str) -> str:
    """Somebody gives up while waiting; who comes later is served."""
    given_up = asyncio.create_task(client.receive_message(QueueUrl=url, WaitTimeSeconds=20))
    done, _ = await asyncio.wait({given_up}, timeout=0.3)
    assert not done, "an empty queue answered a long poll at once"
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    waiting = asyncio.create_task(client.receive_message(QueueUrl=url, WaitTimeSeconds=20))
    await client.send_message(QueueUrl=url, MessageBody="for the living")
    answer = await asyncio.wait_for(waiting, BOUND_S)
    body: str = answer["Messages"][0]["Body"]
    return body


async def work(name: str) -> dict[str, Any]:
    config = AioConfig(max_pool_connections=CONSUMERS + 8, read_timeout=40)
    async with get_session().create_client("sqs", config=config) as client:
        url = (await client.create_queue(QueueName=name))["QueueUrl"]
        got = await share_the_work(client, url)
        said = {
            "each_once": sorted(got, key=int) == [str(number) for number in range(MESSAGES)],
            "after_a_cancelled_poll": await cancel_and_poll_again(client, url),
        }
        pages = client.get_paginator("list_queues").paginate(QueueNamePrefix=name)
        said["paged"] = [page["QueueUrls"] async for page in pages] == [[url]]
        await client.delete_queue(QueueUrl=url)
        try:
            await client.get_queue_url(QueueName=name)
        except client.exceptions.QueueDoesNotExist as error:
            said["after_delete"] = error.response["Error"]["Code"]
        return said


if __name__ == "__main__":
    print(json.dumps(asyncio.run(work(sys.argv[1]))))
