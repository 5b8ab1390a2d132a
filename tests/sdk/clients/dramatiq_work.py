"""dramatiq with its SQS broker and a real worker in this process. Prints one line of JSON."""

import json
import sys
from typing import Any

import dramatiq
from dramatiq.middleware import Retries
from dramatiq_sqs import SQSBroker

MESSAGES = 40
BOUND_S = 60


def work(name: str) -> dict[str, Any]:
    # Endpoint, keys and CA come from the environment.
    broker = SQSBroker(
        namespace=name,
        middleware=[Retries(min_backoff=1, max_backoff=1)],
        dead_letter=True,
        tags={"made by": "dramatiq"},
        visibility_timeout=60,
    )
    done: list[int] = []
    tries: list[int] = []

    def square(number: int) -> None:
        done.append(number * number)

    def flaky() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("not yet")

    def hopeless() -> None:
        raise OSError("never")

    squares = dramatiq.actor(square, broker=broker, queue_name="squares")
    flakies = dramatiq.actor(flaky, broker=broker, queue_name="flaky", max_retries=5)
    hopeless_ones = dramatiq.actor(hopeless, broker=broker, queue_name="hopeless", max_retries=0)
    for number in range(MESSAGES):
        squares.send(number)
    squares.send_with_options(args=(MESSAGES,), delay=1_000)
    flakies.send()
    hopeless_ones.send()

    worker = dramatiq.Worker(broker, worker_timeout=1_000, worker_threads=4)
    worker.start()
    for queue in ("squares", "flaky", "hopeless"):
        broker.join(queue, timeout=BOUND_S)
    worker.stop()

    dead = broker.dead_letter_queues["hopeless"]
    dead.load()
    return {
        "done": sorted(done) == [number * number for number in range(MESSAGES + 1)],
        "tries": len(tries),
        "dead": dead.attributes["ApproximateNumberOfMessages"],
        "tags": dead.meta.client.list_queue_tags(QueueUrl=dead.url)["Tags"],
        "retention": dead.attributes["MessageRetentionPeriod"],
    }


if __name__ == "__main__":
    print(json.dumps(work(sys.argv[1])))
