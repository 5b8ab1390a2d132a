"""`qanat policy simulate` as a CI meets it: lines in, lines out, and what its exit code says."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from qanat.cli import policy_simulate
from qanat.cli.main import main

ALLOW_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
CASE = {
    "id": "sends",
    "principal": "arn:aws:iam::111122223333:user/Ann",
    "action": "sqs:SendMessage",
    "resource": "arn:aws:sqs:us-east-2:111122223333:orders",
    "context": {},
    "identity_policies": [ALLOW_ALL],
}
TRAPS = Path(__file__).parent.parent / "data" / "policy-traps.jsonl"


def answers(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def write(path: Path, *cases: object) -> str:
    lines = [case if isinstance(case, str) else json.dumps(case) for case in cases]
    path.write_text("\n".join(lines))
    return str(path)


def test_each_case_is_answered_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "cases", CASE, {**CASE, "id": 2, "identity_policies": []})
    assert main(["policy", "simulate", file]) == 0
    out, err = capsys.readouterr()
    assert answers(out) == [
        {
            "id": "sends",
            "decision": "allowed",
            "reason": "allowed by an identity-based policy",
            "statements": [
                {
                    "layer": "identity-based policy",
                    "policy": "identity_policies[0]",
                    "index": 0,
                    "sid": None,
                    "effect": "Allow",
                }
            ],
        },
        {
            "id": 2,
            "decision": "implicit_deny",
            "reason": "not allowed by an identity-based policy",
            "statements": [],
        },
    ]
    assert err == "2 cases: 1 allowed, 1 denied\n"


def test_a_decision_that_differs_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "cases", {**CASE, "expect": "allowed"}, {**CASE, "expect": "explicit_deny"})
    assert main(["policy", "simulate", "--json", file]) == 1
    out, err = capsys.readouterr()
    assert [(answer["expected"], answer["ok"]) for answer in answers(out)] == [
        ("allowed", True),
        ("explicit_deny", False),
    ]
    assert err == "2 cases: 2 allowed, 0 denied; 1 as expected, 1 not\n"


def test_a_line_that_is_no_case_is_told_so_and_the_others_are_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = ("{", "", {**CASE, "boundary": []}, "  ", {**CASE, "expect": "implicit_deny"}, CASE)
    # One of them is not as expected.
    assert main(["policy", "simulate", write(tmp_path / "cases", *cases)]) == 1
    out, err = capsys.readouterr()
    first, second, third, fourth = answers(out)
    assert first["id"] is None
    assert first["error"].startswith("line 1: ")
    assert (second["id"], second["error"]) == ("sends", "Object contains unknown field `boundary`")
    assert third["ok"] is False
    assert fourth["decision"] == "allowed"
    assert err == "4 cases: 2 allowed, 0 denied; 2 not understood; 0 as expected, 1 not\n"


def test_cases_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TRAPS.read_bytes())))
    assert main(["policy", "simulate", "-"]) == 0
    found = answers(capsys.readouterr().out)
    assert [answer["id"] for answer in found] == [
        json.loads(line)["id"] for line in TRAPS.read_text().splitlines()
    ]
    assert all(answer["ok"] for answer in found)


def test_a_line_that_is_no_case_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "cases", {**CASE, "expect": "allowed"}, {**CASE, "expect": "Allowed"})
    assert main(["policy", "simulate", file]) == 2
    assert capsys.readouterr().err == "2 cases: 1 allowed, 0 denied; 1 not understood; 1 as expected, 0 not\n"


@pytest.mark.parametrize(("before", "after"), [(b"\xef\xbb\xbf", b""), (b"", b"\r"), (b"\n\r\n", b"\r\n\r")])
def test_files_as_editors_write_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], before: bytes, after: bytes
) -> None:
    file = tmp_path / "cases"
    file.write_bytes(before + json.dumps(CASE).encode() + after + b"\n")
    assert main(["policy", "simulate", str(file)]) == 0
    assert [answer["decision"] for answer in answers(capsys.readouterr().out)] == ["allowed"]


def test_nothing_in_nothing_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "simulate", write(tmp_path / "cases")]) == 0
    assert capsys.readouterr() == ("", "0 cases: 0 allowed, 0 denied\n")


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "simulate", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.endswith("none: No such file or directory\n")


def test_a_line_that_is_too_long_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(policy_simulate, "_LINE_BYTES_MAX", len(json.dumps(CASE)) + 1)
    long = {**CASE, "id": "x" * 2_000}
    file = write(tmp_path / "cases", CASE, long, {**CASE, "id": "after"}, long)
    assert main(["policy", "simulate", file]) == 2
    found = answers(capsys.readouterr().out)
    assert [answer.get("id") for answer in found] == ["sends", None, "after", None]
    assert found[1]["error"] == "line 2: the line is too long"
