"""The services of `docker-compose.yml` as a project of their own, for tests of the image and of how it is run."""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import yaml

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SIMULATED: Final = ("lockstep", "simulator", "dispatcher-simulated")
PORTS: Final = ("PUBLISHED", "SIMULATOR", "PROMETHEUS", "GRAFANA")


def engine_away() -> str | None:
    """Say why nothing can be composed here; None where it can."""
    if shutil.which("docker") is None:
        return "There is no docker here."
    answer = _run("docker", "info", "--format", "{{.ServerVersion}}")
    return None if answer.returncode == 0 else "There is a docker here, but no engine that answers it."


def image_of(service: str) -> str:
    """Name the image that a service is made from."""
    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    return str(services[service]["image"])


def image_to_be_had(image: str) -> bool:
    """Say whether an image is here or can be fetched."""
    return any(_run("docker", *words, image).returncode == 0 for words in (("image", "inspect"), ("pull", "--quiet")))


class Composed:
    """The services of a project, from `up` to `down`.

    Attributes:
        api: Where the API answers.
        simulator: Where the phones are steered.
        prometheus: Where Prometheus answers.
        grafana: Where Grafana answers.
    """

    def __init__(self) -> None:
        self.name = f"lockstep-test-{uuid4().hex[:8]}"
        ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
        self.api, self.simulator, self.prometheus, self.grafana = (f"http://127.0.0.1:{ports[each]}" for each in PORTS)
        published = {f"LOCKSTEP_{name}_PORT": str(port) for name, port in ports.items()}
        self._environment = os.environ | published | {"GRAFANA_PASSWORD": "lockstep"}

    def compose(self, *words: str) -> str:
        """Run a command of compose and give what it printed."""
        # `docker compose` is a plugin of docker, or a program of its own
        program = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
        return _printed(*program, "--project-name", self.name, *words, environment=self._environment)

    def up(self, *services: str) -> None:
        """Start the services, by default those of the simulator's profile, and what they need."""
        self.compose("--profile", "simulator", "--profile", "monitoring", "up", "--detach", *(services or SIMULATED))

    def lockstep(self, *words: str) -> str:
        """Run a command of Lockstep beside the service."""
        return self.compose("exec", "-T", "lockstep", "lockstep", *words)

    def state(self, service: str) -> dict[str, Any]:
        """Give what Docker knows of a service's container, running or not."""
        found: dict[str, Any] = json.loads(_printed("docker", "inspect", self.containers(service)))[0]
        return found

    def containers(self, service: str) -> str:
        """Give the id of a service's container, running or not."""
        labels = (f"com.docker.compose.project={self.name}", f"com.docker.compose.service={service}")
        filters = [word for each in labels for word in ("--filter", f"label={each}")]
        return _printed("docker", "ps", "--all", "--quiet", *filters)

    def down(self) -> None:
        """Take everything away: containers, network, and volumes."""
        every = [word for name in ("simulator", "monitoring", "apple") for word in ("--profile", name)]
        self.compose(*every, "down", "--volumes", "--remove-orphans", "--timeout", "30")

    def left(self) -> str:
        """Name what is there of the project."""
        label = f"label=com.docker.compose.project={self.name}"
        listed = (
            _printed("docker", "ps", "--all", "--quiet", "--filter", label),
            _printed("docker", "volume", "ls", "--quiet", "--filter", label),
            _printed("docker", "network", "ls", "--quiet", "--filter", label),
        )
        return "\n".join(each for each in listed if each)


def _printed(*words: str, environment: dict[str, str] | None = None) -> str:
    done = _run(*words, environment=environment)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr[-3_000:]}"
    return done.stdout.strip()


def _run(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the words are those of tests
        words, cwd=REPOSITORY, env=environment, check=False, capture_output=True, text=True
    )


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
