"""Receipt handles (DG sqs-queue-message-identifiers): opaque, of one queue, and never made up."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.core import limits
from qanat.core.queues.commands import Receipt
from qanat.core.queues.errors import ReceiptHandleIsInvalid
from qanat.core.queues.receipt import KEY_BYTES, seal, unseal

KEY = bytes(range(KEY_BYTES))
RECEIPT = Receipt(12_345, 3)
HANDLE = seal(KEY, 7, RECEIPT)

receipts = st.builds(Receipt, st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))


@given(receipts, st.integers(0, 2**63 - 1))
def test_what_was_sealed_comes_back(receipt: Receipt, queue_id: int) -> None:
    handle = seal(KEY, queue_id, receipt)
    assert unseal(KEY, queue_id, handle) == receipt
    assert len(handle) <= limits.RECEIPT_HANDLE_LENGTH_MAX
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", handle), "fit for a form without escapes"


def test_each_receive_has_its_own_handle() -> None:
    handles = {
        seal(KEY, queue_id, Receipt(seq, count)) for queue_id in (1, 2) for seq in (0, 1) for count in (1, 2)
    }
    assert len(handles) == 8


@pytest.mark.parametrize(
    ("key", "queue_id"), [(KEY, 8), (KEY, 0), (bytes(KEY_BYTES), 7)], ids=["queue", "queue", "key"]
)
def test_another_queues_handle_is_garbage(key: bytes, queue_id: int) -> None:
    with pytest.raises(ReceiptHandleIsInvalid):
        unseal(key, queue_id, HANDLE)


@pytest.mark.parametrize("position", range(len(HANDLE)))
def test_no_character_of_a_handle_can_be_changed(position: int) -> None:
    for character in string.ascii_letters + string.digits + "-_+/=. \n\x00é":
        if character != HANDLE[position]:
            with pytest.raises(ReceiptHandleIsInvalid):
                unseal(KEY, 7, HANDLE[:position] + character + HANDLE[position + 1 :])


@given(st.text() | st.text(string.ascii_letters + string.digits + "-_=+/", min_size=40, max_size=40))
def test_garbage_is_refused_and_nothing_worse(handle: str) -> None:
    with pytest.raises(ReceiptHandleIsInvalid):
        unseal(KEY, 7, handle)


@pytest.mark.parametrize("handle", ["", HANDLE[:-1], HANDLE + "=", HANDLE * 2, "\ud800" * 40, "=" * 40])
def test_handles_of_another_shape(handle: str) -> None:
    with pytest.raises(ReceiptHandleIsInvalid):
        unseal(KEY, 7, handle)


def test_the_refusal_in_aws_words() -> None:
    with pytest.raises(ReceiptHandleIsInvalid) as refusal:
        unseal(KEY, 7, "garbage")
    assert refusal.value.message == 'The input receipt handle "garbage" is not a valid receipt handle.'


def test_the_refusal_repeats_only_so_much() -> None:
    with pytest.raises(ReceiptHandleIsInvalid) as refusal:
        unseal(KEY, 7, "x" * 1_000_000)
    assert len(refusal.value.message) < 1_200
