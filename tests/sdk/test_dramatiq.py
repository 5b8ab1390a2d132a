"""dramatiq with dramatiq-sqs: its worker acknowledges, retries, delays and gives up."""

from support.programs import NOW, environment_for, told_by
from support.server import Server


def test_a_worker_at_work(server: Server, name: str) -> None:
    assert told_by(NOW, "dramatiq_work.py", environment_for(server), name) == {
        "done": True,
        "tries": 3,
        "dead": "1",
        "tags": {"made by": "dramatiq"},
        "retention": "1209600",
    }
