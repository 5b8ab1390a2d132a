"""Sends tasks and waits for what came of them. Prints one line of JSON. The worker runs elsewhere."""

import json
import sys
from typing import Any

from celery_tasks import add, app, flaky, patient, rejected

BOUND_S = 60.0


def came_of(result: Any) -> object:
    return result.get(timeout=BOUND_S, interval=0.01)


def main(what: str) -> object:
    match what:
        case "work":
            later = add.apply_async((1, 1), countdown=1)
            sums = [add.delay(number, 1) for number in range(30)]
            retried = flaky.delay(2)
            return [[came_of(one) for one in sums], came_of(retried), came_of(later)]
        case "send":
            return patient.delay("late").id
        case "rejected":
            return rejected.delay().id
        case "purge":
            add.delay(1, 1)
            return app.control.purge()
    # Else the id of a task that was sent before.
    return came_of(app.AsyncResult(what))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
