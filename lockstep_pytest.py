"""A pytest fixture for teams that post events: the simulated APNs and FCM, with phones.

It comes with the package and is found by pytest itself. It stands beside the packages and imports none of them, so that
a project with an `app` of its own can load it; the simulator is a process, started when a test first asks for it.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class LockstepSimulator:
    """A running simulator.

    Attributes:
        control_url: Where it is steered and read, `GET /phones`.
        settings: Environment variables that send a service's pushes there.
    """

    control_url: str
    apns_url: str
    fcm_url: str
    settings: Mapping[str, str]


@pytest.fixture(scope="session")
def lockstep_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockstepSimulator]:
    """Run a simulator on free ports for the whole run; its phones report to `LOCKSTEP_URL`."""
    program = Path(sys.executable).with_name("lockstep")
    found = str(program) if program.exists() else shutil.which("lockstep")
    if found is None:
        pytest.fail("There is no lockstep command beside this Python: install the package lockstep into it.")
    ports = [word for name in ("apns", "channels", "fcm", "control") for word in (f"--{name}-port", "0")]
    command = [found, "simulator", "--json", *ports, "--directory", str(tmp_path_factory.mktemp("lockstep-simulator"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - the words are ours
        try:
            said = process.stdout.readline() if process.stdout is not None else ""
            if not said:
                pytest.fail("The simulator did not start; what it says stands above.")
            told = json.loads(said)
            yield LockstepSimulator(told["controlUrl"], told["apnsUrl"], told["fcmUrl"], told["settings"])
        finally:
            process.terminate()
