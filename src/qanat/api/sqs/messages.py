"""Send, receive, delete, change visibility: the operations on messages."""

from collections.abc import Callable
from typing import Final

from qanat.api.ids import uuid
from qanat.api.sqs.call import SqsCall
from qanat.core import limits
from qanat.core.control import Control
from qanat.core.errors import InvalidParameterValue, QanatError
from qanat.core.queues import commands as c
from qanat.core.queues.errors import BatchRequestTooLong, ReceiptHandleExpired, ReceiptHandleIsInvalid
from qanat.core.queues.message import sequence_number
from qanat.core.queues.model import Queue, QueueSettings
from qanat.core.queues.receipt import seal, unseal
from qanat.node import Node
from qanat.parking import Parking
from qanat.wire.sqs import inputs as i
from qanat.wire.sqs import outputs as o
from qanat.wire.sqs import peeking
from qanat.wire.sqs.delivery import output as delivery_output
from qanat.wire.sqs.delivery import system_names, user_filter
from qanat.wire.sqs.errors import shape_of
from qanat.wire.sqs.message import (
    Checked,
    DeduplicationIdMissing,
    GroupIdMissing,
    WrongForQueueType,
    check,
    token,
)
from qanat.wire.sqs.parameters import batch, integer, required

_SINGLE: Final = "One or more parameters are invalid."
_ENTRY: Final = "One or more parameters cannot be validated."


class Messages:
    def __init__(self, control: Control, node: Node, parking: Parking, receipt_key: bytes) -> None:
        self._catalogue = control.catalogue
        self._node = node
        self._parking = parking
        self._receipt_key = receipt_key

    # -- sending --------------------------------------------------------------------------------------------

    def send(self, call: SqsCall, queue: Queue, given: i.SendMessageInput) -> None:
        settings = self._catalogue.settings(queue)
        checked = check(given, settings, uuid(), call.sender_id, call.trace_header, call.now_ms)
        _check_size(checked, settings.maximum_message_size_bytes, _SINGLE)
        outgoing = c.Outgoing(checked.content, _delay_s(given.DelaySeconds, settings), checked.size_bytes)

        def sent(reply: tuple[c.SentAs] | QanatError) -> None:
            if isinstance(reply, QanatError):
                call.refuse(reply)
                return
            call.answer(
                o.SendMessageOutput(
                    reply[0].message_id,
                    checked.content.body_md5,
                    checked.attributes_md5,
                    checked.system_attributes_md5,
                    sequence_number(reply[0].seq) if settings.fifo else None,
                )
            )

        self._node.submit(c.Send(queue.queue_id, (outgoing,)), sent)
        self._parking.wake(queue.queue_id)

    def send_batch(self, call: SqsCall, queue: Queue, given: i.SendMessageBatchInput) -> None:
        settings = self._catalogue.settings(queue)
        entries = batch(given.Entries, "SendMessageBatchRequestEntry")
        good: list[tuple[str, Checked, int]] = []
        failed: list[o.ErrorEntry] = []
        total_bytes = 0
        for entry_id, entry in entries:
            try:
                checked = check(entry, settings, uuid(), call.sender_id, call.trace_header, call.now_ms)
                total_bytes += checked.size_bytes
                _check_size(checked, settings.maximum_message_size_bytes, _ENTRY)
                good.append((entry_id, checked, _delay_s(entry.DelaySeconds, settings)))
            except GroupIdMissing as error:
                # What a FIFO queue cannot take fails a batch as a whole, and under one code (recorded answers of AWS).
                raise InvalidParameterValue(error.message) from None
            except QanatError as error:
                if settings.fifo and isinstance(error, DeduplicationIdMissing | WrongForQueueType):
                    raise
                failed.append(_failure(entry_id, error))
        if total_bytes > limits.BATCH_BYTES_MAX:
            raise BatchRequestTooLong(total_bytes)

        def output(reply: tuple[c.SentAs, ...]) -> o.BatchOutput:
            results = [
                o.SendResultEntry(
                    entry_id,
                    sent_as.message_id,
                    checked.content.body_md5,
                    checked.attributes_md5,
                    checked.system_attributes_md5,
                    sequence_number(sent_as.seq) if settings.fifo else None,
                )
                for (entry_id, checked, _), sent_as in zip(good, reply, strict=True)
            ]
            return o.BatchOutput(results or None, failed or None)

        outgoing = tuple(c.Outgoing(one.content, delay_s, one.size_bytes) for _, one, delay_s in good)
        self._node.submit(c.Send(queue.queue_id, outgoing), _answering(call, output))
        self._parking.wake(queue.queue_id)

    # -- receiving ------------------------------------------------------------------------------------------

    def receive(self, call: SqsCall, queue: Queue, given: i.ReceiveMessageInput) -> None:
        settings = self._catalogue.settings(queue)
        wait_s = integer(given.WaitTimeSeconds, "WaitTimeSeconds", settings.wait_time_s)
        command = c.Receive(
            queue.queue_id,
            integer(given.MaxNumberOfMessages, "MaxNumberOfMessages", 1),
            integer(given.VisibilityTimeout, "VisibilityTimeout", settings.visibility_timeout_s),
            wait_s > 0,
            _attempt_id(given.ReceiveRequestAttemptId, settings),
        )
        system = system_names(given.AttributeNames, given.MessageSystemAttributeNames)
        wanted = user_filter(given.MessageAttributeNames)
        queue_id = queue.queue_id

        def output(deliveries: tuple[c.Delivery, ...]) -> o.ReceiveMessageOutput:
            return o.ReceiveMessageOutput(
                [
                    delivery_output(
                        delivery,
                        seal(self._receipt_key, queue_id, c.Receipt(delivery.seq, delivery.receive_count)),
                        system,
                        wanted,
                    )
                    for delivery in deliveries
                ]
                or None
            )

        parked = self._parking.receive(command, wait_s, _answering(call, output), call.request.presence)
        if parked is not None:
            call.request.on_gone = parked.cancel

    def peek(self, call: SqsCall, queue: Queue, given: i.PeekMessagesInput) -> None:
        self._node.submit(peeking.command(queue.queue_id, given), _answering(call, peeking.output))

    # -- after receiving ------------------------------------------------------------------------------------

    def delete(self, call: SqsCall, queue: Queue, given: i.DeleteMessageInput) -> None:
        handle = required(given.ReceiptHandle, "ReceiptHandle")
        command = c.Delete(queue.queue_id, (self._receipt(queue, handle),))

        def deleted(refused: tuple[int, ...]) -> o.Empty:
            if refused:
                raise ReceiptHandleExpired(handle)
            return o.Empty()

        self._node.submit(command, _answering(call, deleted))
        self._after_release(queue)

    def delete_batch(self, call: SqsCall, queue: Queue, given: i.DeleteMessageBatchInput) -> None:
        good: list[tuple[str, str, c.Receipt]] = []
        failed: list[o.ErrorEntry] = []
        for entry_id, entry in batch(given.Entries, "DeleteMessageBatchRequestEntry"):
            try:
                handle = required(entry.ReceiptHandle, "ReceiptHandle")
                good.append((entry_id, handle, self._receipt(queue, handle)))
            except QanatError as error:
                failed.append(_failure(entry_id, error))

        def deleted(refused: tuple[int, ...]) -> o.BatchOutput:
            late = [
                _failure(entry_id, ReceiptHandleExpired(handle))
                for index, (entry_id, handle, _) in enumerate(good)
                if index in refused
            ]
            done = [
                o.ResultEntry(entry_id) for index, (entry_id, _, _) in enumerate(good) if index not in refused
            ]
            return o.BatchOutput(done or None, failed + late or None)

        command = c.Delete(queue.queue_id, tuple(receipt for _, _, receipt in good))
        self._node.submit(command, _answering(call, deleted))
        self._after_release(queue)

    def change_visibility(self, call: SqsCall, queue: Queue, given: i.ChangeMessageVisibilityInput) -> None:
        change = self._change(queue, given.ReceiptHandle, given.VisibilityTimeout)

        def changed(reply: tuple[QanatError | None]) -> o.Empty:
            if reply[0] is not None:
                raise reply[0]
            return o.Empty()

        command = c.ChangeVisibility(queue.queue_id, (change,))
        self._node.submit(command, _answering(call, changed))
        self._parking.wake(queue.queue_id)

    def change_visibility_batch(
        self, call: SqsCall, queue: Queue, given: i.ChangeMessageVisibilityBatchInput
    ) -> None:
        entries = batch(given.Entries, "ChangeMessageVisibilityBatchRequestEntry")
        changes: list[tuple[str, c.VisibilityChange]] = []
        failed: list[o.ErrorEntry] = []
        for entry_id, entry in entries:
            try:
                changes.append((entry_id, self._change(queue, entry.ReceiptHandle, entry.VisibilityTimeout)))
            except QanatError as error:
                failed.append(_failure(entry_id, error))

        def changed(reply: tuple[QanatError | None, ...]) -> o.BatchOutput:
            outcomes = list(zip((entry_id for entry_id, _ in changes), reply, strict=True))
            refused = [_failure(entry_id, error) for entry_id, error in outcomes if error is not None]
            done = [o.ResultEntry(entry_id) for entry_id, error in outcomes if error is None]
            return o.BatchOutput(done or None, failed + refused or None)

        command = c.ChangeVisibility(queue.queue_id, tuple(change for _, change in changes))
        self._node.submit(command, _answering(call, changed))
        self._parking.wake(queue.queue_id)

    def _after_release(self, queue: Queue) -> None:
        """In a FIFO queue the next message of the group may be received now."""
        if self._catalogue.settings(queue).fifo:
            self._parking.wake(queue.queue_id)

    def _receipt(self, queue: Queue, handle: str) -> c.Receipt:
        return unseal(self._receipt_key, queue.queue_id, handle)

    def _change(self, queue: Queue, handle: str | None, timeout_s: int | None) -> c.VisibilityChange:
        handle = required(handle, "ReceiptHandle")
        timeout_s = integer(required(timeout_s, "VisibilityTimeout"), "VisibilityTimeout", 0)
        return c.VisibilityChange(handle, self._receipt(queue, handle), timeout_s)


def _delay_s(given: int | None, settings: QueueSettings) -> int:
    """A FIFO queue takes no delay of a single message; 0 is no delay given (recorded answers of AWS)."""
    if not settings.fifo:
        return integer(given, "DelaySeconds", settings.delay_s)
    if given:
        raise WrongForQueueType(given, "DelaySeconds")
    return settings.delay_s


def _attempt_id(given: str | None, settings: QueueSettings) -> str | None:
    if given is None:
        return None
    if not settings.fifo:
        raise WrongForQueueType(given, "ReceiveRequestAttemptId")
    return token(given, "ReceiveRequestAttemptId")


def _check_size(checked: Checked, maximum_bytes: int, sentence: str) -> None:
    if checked.size_bytes > maximum_bytes:
        raise InvalidParameterValue(f"{sentence} Reason: Message must be shorter than {maximum_bytes} bytes.")


def _failure(entry_id: str, error: QanatError) -> o.ErrorEntry:
    shape = shape_of(error)
    message = error.in_batch if isinstance(error, ReceiptHandleIsInvalid) else error.message
    return o.ErrorEntry(entry_id, shape.status < 500, shape.query_code, message)


def _answering(call: SqsCall, output: Callable[..., object]) -> Callable[[object], None]:
    """A `done` that answers with `output(reply)`, or refuses with the error that came or that `output` raises."""

    def done(reply: object) -> None:
        if isinstance(reply, QanatError):
            call.refuse(reply)
            return
        try:
            answer = output(reply)
        except QanatError as error:
            call.refuse(error)
            return
        call.answer(answer)

    return done
