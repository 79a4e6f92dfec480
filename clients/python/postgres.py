"""A PostgreSQL of its own, from the machine's binaries, in a directory that is thrown away."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from server import free_address


class Postgres:
    """A running database server. It runs as another user where we are root, which it refuses to run as."""

    def __enter__(self) -> "Postgres":
        self._directory = tempfile.TemporaryDirectory(prefix="flaghoist-postgres-")
        self._user = None
        if os.getuid() == 0:
            self._user = next(one.pw_uid for one in pwd.getpwall() if one.pw_name in ("postgres", "nobody"))
            os.chown(self._directory.name, self._user, -1)
        _, port = free_address().split(":")
        self.url = f"postgres://postgres@127.0.0.1:{port}/postgres"
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        # Only a crash of the whole machine would tell whether commits reach the disk.
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        log = Path(self._directory.name) / "log"
        self._run("pg_ctl", "start", "--silent", "--wait", "--log", log, "--options", settings)
        return self

    def __exit__(self, *_) -> None:
        self._run("pg_ctl", "stop", "--silent", "--wait", "--mode", "immediate")
        self._directory.cleanup()

    def _run(self, program: str, *arguments) -> None:
        data = Path(self._directory.name) / "data"
        command = [installed(program), *arguments, "--pgdata", data]
        # Not to a pipe: the server that pg_ctl leaves behind would hold it open.
        with tempfile.TemporaryFile() as said:
            ended = subprocess.run(
                command, user=self._user, cwd=self._directory.name, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
            said.seek(0)
            assert ended.returncode == 0, f"{program}: {said.read().decode()}"


def installed(program: str) -> str:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name))
    found = shutil.which(program, path=os.pathsep.join([*map(str, reversed(versions)), os.environ["PATH"]]))
    assert found, f"PostgreSQL is not installed: there is no {program}"
    return found
