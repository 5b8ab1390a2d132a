"""`qanat instance run`: a program of anybody's as a host in a VPC, and what it leaves behind, which is nothing."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from network.test_ordinary_user import AS_USER
from network.world import NEEDS_NAMESPACES
from qanat.api.instances import SOCKET_NAME
from support import agent
from support.server import Server, clean_environment, traces_of_bugs
from support.vpc import OWN, SQS, WAIT_S, Cloud, Endpoint, Instance, eventually, run_in

pytestmark = NEEDS_NAMESPACES

UNTIL_TOLD = (
    "import signal, sys; [signal.signal(n, lambda number, _: sys.exit(number)) for n in (1, 2, 3, 10, 12, 15)];"
    "print('ready', flush=True); signal.pause()"
)
ADDRESS = (
    "import socket; s = socket.socket(2, 2); s.connect(('169.254.169.253', 53)); print(s.getsockname()[0])"
)
NOBODY = 65_534


@dataclass
class Place:
    cloud: Cloud
    vpc_id: str
    subnets: tuple[str, str]
    endpoint: Endpoint


@pytest.fixture(scope="module")
def place(cloud: Cloud) -> Place:
    vpc_id = cloud.vpc()
    subnets = (cloud.subnet(vpc_id), cloud.subnet(vpc_id, "10.0.2.0/24", "b"))
    return Place(cloud, vpc_id, subnets, cloud.endpoint(vpc_id, *subnets))


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


class TestTheProgramsOwn:
    @pytest.mark.parametrize(
        ("command", "code"),
        [
            (["true"], 0),
            (["sh", "-c", "exit 3"], 3),
            (["sh", "-c", "exit 255"], 255),
            (["sh", "-c", "kill -9 $$"], 128 + 9),
            (["no-such-program"], 127),
            (["/etc/passwd"], 126),
        ],
    )
    def test_exit_code(self, place: Place, command: list[str], code: int) -> None:
        assert place.cloud.ran(place.vpc_id, command).code == code

    def test_standard_streams(self, place: Place) -> None:
        echo = "import sys; text = sys.stdin.read(); sys.stdout.write(text); sys.stderr.write(text.upper())"
        given = "a line\n" * 20_000
        assert place.cloud.ran(place.vpc_id, python(echo), given=given) == (0, given, given.upper())

    @pytest.mark.parametrize("number", [1, 2, 3, 10, 12, 15])
    def test_signals(self, place: Place, number: int) -> None:
        with place.cloud.run(place.vpc_id, python(UNTIL_TOLD)) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            assert process.wait(WAIT_S) == number

    def test_flags_behind_the_dashes_are_the_programs(self, place: Place) -> None:
        command = ["printf", "%s ", "--vpc", "x", "--", "--user", "--help"]
        assert place.cloud.ran(place.vpc_id, command).out == "--vpc x -- --user --help "

    def test_its_directory_and_environment(self, place: Place) -> None:
        show = "import json, os; print(json.dumps([os.getcwd(), dict(os.environ)]))"
        user = place.cloud.user()
        ran = place.cloud.ran(place.vpc_id, python(show), "--user", user.name)
        directory, environment = json.loads(ran.out)
        assert directory == str(place.cloud.server.directory)
        assert environment["HOME"] == str(place.cloud.server.directory)
        assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "us-east-2"
        assert environment["AWS_CA_BUNDLE"] == str(place.cloud.server.ca_bundle)
        listed = place.cloud.iam.list_access_keys(UserName=user.name)["AccessKeyMetadata"]
        assert environment["AWS_ACCESS_KEY_ID"] in [key["AccessKeyId"] for key in listed]
        assert not any("ENDPOINT_URL" in name for name in environment if name.startswith("AWS_END"))


class TestItsPlace:
    def test_the_interface_is_there_while_it_runs(self, place: Place) -> None:
        vpc_id = place.cloud.vpc()
        subnet_id = place.cloud.subnet(vpc_id)
        with place.cloud.run(vpc_id, python(UNTIL_TOLD)) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            (interface,) = place.cloud.interfaces("vpc-id", vpc_id)
            default = place.cloud.ec2.describe_security_groups(
                Filters=[{"Name": "vpc-id", "Values": [vpc_id]}]
            )["SecurityGroups"]
            assert (interface["InterfaceType"], interface["Status"], interface["SubnetId"]) == (
                "interface",
                "in-use",
                subnet_id,
            )
            assert [one["GroupId"] for one in interface["Groups"]] == [default[0]["GroupId"]]
            process.terminate()
            process.wait(WAIT_S)
        eventually(lambda: place.cloud.interfaces("vpc-id", vpc_id), lambda found: found == [])

    def test_a_killed_command_line_takes_its_program_along(self, place: Place) -> None:
        vpc_id = place.cloud.vpc()
        place.cloud.subnet(vpc_id)
        program = f"import os; print(os.getpid(), flush=True); {UNTIL_TOLD}"
        with place.cloud.run(vpc_id, python(program)) as process:
            assert process.stdout is not None
            pid = int(process.stdout.readline())
            process.kill()
            process.wait(WAIT_S)
            eventually(lambda: place.cloud.interfaces("vpc-id", vpc_id), lambda found: found == [])
            eventually(lambda: is_running(pid), lambda running: not running)

    @pytest.mark.parametrize("number", [0, 1])
    def test_subnet(self, place: Place, number: int) -> None:
        ran = place.cloud.ran(place.vpc_id, python(ADDRESS), "--subnet", place.subnets[number])
        assert ran.out.startswith(f"10.0.{number + 1}.")

    def test_security_groups(self, place: Place) -> None:
        groups = sorted(place.cloud.group(place.vpc_id) for _ in range(2))
        flags = [word for group in groups for word in ("--security-group", group)]
        with place.cloud.run(place.vpc_id, python(UNTIL_TOLD), *flags) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            (interface,) = place.cloud.interfaces("group-id", groups[0])
            assert sorted(one["GroupId"] for one in interface["Groups"]) == groups
            process.terminate()
            process.wait(WAIT_S)

    def test_a_subnet_is_used_up_and_freed(self, place: Place) -> None:
        """VPC guide, subnet-sizing: of a /28, eleven addresses are free."""
        cloud, vpc_id = place.cloud, place.cloud.vpc()
        cloud.subnet(vpc_id, "10.0.0.0/28")
        with ThreadPoolExecutor(4) as pool:
            running = list(pool.map(lambda _: cloud.run(vpc_id, python(UNTIL_TOLD)), range(11)))
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        refused = cloud.ran(vpc_id, ["true"])
        assert (refused.code, refused.err) == (1, f"qanat: No subnet of {vpc_id} has a free address.\n")
        for process in running:
            process.terminate()
        for process in running:
            with process:
                assert process.wait(WAIT_S) == 15
        eventually(lambda: cloud.interfaces("vpc-id", vpc_id), lambda found: found == [])
        assert cloud.ran(vpc_id, ["true"]).code == 0


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


class TestRefusals:
    """Each is one line and exit code 1; what is wrong with the words themselves is 2."""

    def refused(self, place: Place, *flags: str, vpc_id: str | None = None) -> str:
        ran = place.cloud.ran(vpc_id or place.vpc_id, ["true"], *flags)
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
        assert ran.err.startswith("qanat: ")
        return ran.err.removeprefix("qanat: ").rstrip("\n")

    def test_a_vpc_that_does_not_exist(self, place: Place) -> None:
        assert self.refused(place, vpc_id="vpc-1a2b3c4d") == "The vpc ID 'vpc-1a2b3c4d' does not exist"

    def test_a_subnet_of_another_vpc(self, place: Place) -> None:
        other = place.cloud.subnet(place.cloud.vpc())
        assert self.refused(place, "--subnet", other) == (
            f"The subnet '{other}' does not belong to the VPC '{place.vpc_id}'."
        )

    def test_a_security_group_of_another_vpc(self, place: Place) -> None:
        other = place.cloud.group(place.cloud.vpc())
        assert other in self.refused(place, "--security-group", other)

    def test_a_vpc_without_a_subnet(self, place: Place) -> None:
        vpc_id = place.cloud.vpc()
        assert self.refused(place, vpc_id=vpc_id) == f"No subnet of {vpc_id} has a free address."

    def test_a_user_that_does_not_exist(self, place: Place) -> None:
        assert "cannot be found" in self.refused(place, "--user", "Nobody")

    def test_no_server_has_run_there(self, place: Place, tmp_path: Path) -> None:
        ran = place.cloud.ran(place.vpc_id, ["true"], data=tmp_path)
        assert (ran.code, ran.err) == (
            1,
            f"qanat: no server has run with {tmp_path}: start one (qanat serve), or name another by --data\n",
        )

    def test_no_server_runs(self, place: Place, tmp_path: Path) -> None:
        for name in ("config", "ca.pem"):
            (tmp_path / name).write_bytes((place.cloud.server.data / name).read_bytes())
        ran = place.cloud.ran(place.vpc_id, ["true"], data=tmp_path)
        assert (ran.code, ran.err) == (
            1,
            f"qanat: no server is running with {tmp_path}: No such file or directory\n",
        )
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(str(tmp_path / SOCKET_NAME))
        ran = place.cloud.ran(place.vpc_id, ["true"], data=tmp_path)
        assert (ran.code, ran.err) == (
            1,
            f"qanat: no server is running with {tmp_path}: Connection refused\n",
        )

    def test_no_program(self, place: Place) -> None:
        ran = place.cloud.ran(place.vpc_id, [])
        assert (ran.code, ran.err.count("\n")) == (1, 1)
        assert "name the program to run" in ran.err

    def test_no_vpc(self, place: Place) -> None:
        ran = place.cloud.server.command("instance", "run", "--", "true")
        assert ran.returncode == 2
        assert "--vpc" in ran.stderr


def test_commands_that_make_a_users_key_at_once_make_one(place: Place) -> None:
    """A user may have two (IAM User Guide, reference_iam-quotas), and the credentials file holds one."""
    name = place.cloud.iam.create_user(UserName="Many")["User"]["UserName"]
    with ThreadPoolExecutor(4) as pool:
        codes = list(
            pool.map(lambda _: place.cloud.ran(place.vpc_id, ["true"], "--user", name).code, range(4))
        )
    assert codes == [0] * 4
    assert len(place.cloud.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]) == 1


def test_the_key_of_a_user_who_was_made_again_is_made_again(place: Place) -> None:
    iam = place.cloud.iam
    for _ in range(2):
        user = place.cloud.user(None, "Again")
        iam.put_user_policy(
            UserName="Again",
            PolicyName="only",
            PolicyDocument='{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
        )
        with place.cloud.instance(place.vpc_id, "--user", "Again") as inside:
            assert inside.call(OWN, "ListQueues").allowed
        for key in iam.list_access_keys(UserName="Again")["AccessKeyMetadata"]:
            iam.delete_access_key(UserName="Again", AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName="Again", PolicyName="only")
        iam.delete_user(UserName=user.name)


# -- a server of an ordinary user -----------------------------------------------------------------------------


def as_user(uid: int, directory: Path, *words: str) -> list[str]:
    root = Path(__file__).parents[2]
    needed = ":".join(dict.fromkeys(map(str, (sys.base_prefix, sys.prefix, root))))
    return [sys.executable, "-c", AS_USER, str(uid), str(directory), needed, *words]


def started(command: list[str], directory: Path) -> "subprocess.Popen[str]":
    environment = {**clean_environment(directory), "PYTHONDONTWRITEBYTECODE": "1"}
    with (directory / "stderr").open("a") as errors:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=directory,
            env=environment,
        )


@pytest.fixture
def nobodys_cloud() -> Iterator[Cloud]:
    """A server that runs as `nobody`, with namespaces all the same."""
    directory = Path("/tmp") / f"qanat-test-nobody-{os.getpid()}"
    directory.mkdir()
    serve = [sys.executable, "-m", "qanat.cli.main", "serve", "--json", "--network", "netns"]
    serve += ["--data", str(directory / "data"), "--listen", "127.0.0.1:0"]
    try:
        process = started(as_user(NOBODY, directory, *serve), directory)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        line = process.stdout.readline()
        assert line, (directory / "stderr").read_text()
        cloud = Cloud(Server(process, json.loads(line), directory))
        yield cloud
        cloud.close()
        assert cloud.server.stop() == 0
        assert traces_of_bugs(cloud.server.log) == []
    finally:
        shutil.rmtree(directory)


@pytest.mark.skipif(os.getuid() != 0, reason="all of the tests ran as an ordinary user already")
def test_a_server_and_an_instance_of_an_ordinary_user(nobodys_cloud: Cloud) -> None:
    cloud, directory = nobodys_cloud, nobodys_cloud.server.directory
    vpc_id = cloud.vpc()
    endpoint = cloud.endpoint(vpc_id, cloud.subnet(vpc_id))
    queue, user = cloud.queue(), cloud.user()
    assert Path(f"/proc/{cloud.server.process.pid}").stat().st_uid == NOBODY
    words = run_in(cloud.server.data, vpc_id, [sys.executable, agent.__file__])
    inside = Instance(started(as_user(NOBODY, directory, *words), directory), directory / "stderr")
    about = inside.ask("about")
    assert about["uid"] == NOBODY
    assert about["addresses"][0].startswith("10.0.1.")
    assert inside.addresses(SQS) == list(endpoint.addresses)
    assert inside.send(user, queue).allowed
    assert inside.connects("192.0.2.1", wait_s=1) == "ENETUNREACH"
    assert inside.connects("127.0.0.1", cloud.server.port, tls=None) == "ECONNREFUSED"
    assert inside.stop() == 0
    # The machine's root may start one there as well; a third user may not even look.
    assert cloud.ran(vpc_id, ["true"]).code == 0
    with started(as_user(NOBODY - 1, directory, *words), directory) as refused:
        assert refused.wait(WAIT_S) == 1
    assert "no server has run with" in (directory / "stderr").read_text().splitlines()[-1]
