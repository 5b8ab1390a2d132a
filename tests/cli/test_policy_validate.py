"""`qanat policy validate` as a command: what it prints and how it ends."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from qanat.cli.main import main

SEED = """{
   "Statement": [{
      "Action": ["sqs:SendMessage"],
      "Effect": "Allow",
      "Resource": "arn:aws:sqs:us-east-2:123456789012:MyQueue",
      "Principal": {
        "AWS": "arn:aws:iam:123456789012:user/MyUser"
      }
   }]
}
"""
PUBLIC = SEED.replace('{\n        "AWS": "arn:aws:iam:123456789012:user/MyUser"\n      }', '"*"')
GOOD = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}'


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return tmp_path / "policy.json"


def ran(policy: Path, text: str, *flags: str) -> int:
    policy.write_text(text)
    return main(["policy", "validate", str(policy), *flags])


def test_a_finding_is_shown_in_its_line(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(policy, SEED, "--type", "endpoint") == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index(f"{policy}:7:16: warning PRINCIPAL_ARN_REPAIRED")
    assert lines[at + 1] == '    7 |         "AWS": "arn:aws:iam:123456789012:user/MyUser"'
    assert lines[at + 2] == "      |                " + "^" * 38
    assert "it is read as arn:aws:iam::123456789012:user/MyUser" in lines[at + 3]
    assert lines[at + 4].startswith("    https://docs.aws.amazon.com/")
    assert lines[-1] == f"{policy}: 2 warnings, as an endpoint policy"


def test_what_was_assumed_is_said(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(policy, GOOD) == 0
    said = capsys.readouterr().out
    assumed = "as an identity policy (assumed from its elements; --type says otherwise)"
    assert said == f"{policy}: nothing found, {assumed}\n"
    ran(policy, SEED)
    assert "as a queue policy (assumed" in capsys.readouterr().out


def test_json(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(policy, SEED, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["file"], found["type"], found["assumed"]) == (str(policy), "resource", True)
    assert [(one["severity"], one["code"], one["line"], one["column"]) for one in found["findings"]] == [
        ("warning", "MISSING_VERSION", 1, 1),
        ("warning", "PRINCIPAL_ARN_REPAIRED", 7, 16),
    ]
    assert found["findings"][1]["path"] == "Statement[0].Principal.AWS[0]"
    assert found["findings"][1].keys() == {
        "severity",
        "code",
        "message",
        "path",
        "line",
        "column",
        "learn_more",
    }


@pytest.mark.parametrize(
    ("text", "flags", "code"),
    [
        (GOOD, (), 0),
        (SEED, (), 0),
        (SEED, ("--fail-on", "warning"), 1),
        (SEED, ("--fail-on", "error"), 0),
        (PUBLIC, (), 1),
        (PUBLIC, ("--fail-on", "error"), 0),
        ("{", (), 1),
        ("{", ("--fail-on", "error"), 1),
        (GOOD.replace("sqs:*", "s*:*"), (), 0),
        (GOOD.replace("sqs:*", "s*:*"), ("--fail-on", "suggestion"), 1),
        (GOOD, ("--type", "scp"), 0),
        (GOOD, ("--type", "rcp"), 1),
        (GOOD, ("--type", "session"), 0),
        (GOOD, ("--type", "trust"), 1),
        (GOOD, ("--type", "resource", "--account", "123456789012"), 1),
    ],
)
def test_exit_codes(policy: Path, text: str, flags: tuple[str, ...], code: int) -> None:
    assert ran(policy, text, *flags) == code


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"\xef\xbb\xbf" + PUBLIC.encode())))
    assert main(["policy", "validate", "-"]) == 1
    assert "<stdin>:6:20: security warning PUBLIC_QUEUE" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"\xff{}", b" " * (1024 * 1024 + 1), None])
def test_what_cannot_be_read_ends_with_two(
    policy: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        policy.write_bytes(content)
    assert main(["policy", "validate", str(policy)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"qanat: {policy}: ")
    assert said.err.count("\n") == 1


def test_a_severity_that_there_is_not(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        ran(policy, GOOD, "--fail-on", "never")
    assert ended.value.code == 2
    assert "never" in capsys.readouterr().err


def test_a_long_line_is_cut_around_what_is_meant(
    policy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    ids = ",".join(f'"AIDA{index:08}"' for index in range(200))
    condition = f'"Condition":{{"StringEquals":{{"aws:userid":[{ids},"AIDA*"]}}}}'
    assert ran(policy, GOOD.replace('"Resource"', f'{condition},"Resource"')) == 0
    shown, marks = capsys.readouterr().out.splitlines()[1:3]
    assert len(shown) <= 100
    assert shown[marks.index("^") : marks.rindex("^") + 1] == '"AIDA*"'


def test_a_terminal_is_told_to_do_nothing(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran(policy, '{"Version": "2012-10-17",\t"Statement": "\\u001b[31m\x1b[31m\u202e"}')
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "\t" not in said
