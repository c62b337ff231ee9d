"""`docker-compose.yml` fits the service, and what it mounts is there; `make smoke` brings it up."""

import re
from pathlib import Path
from typing import Any, Final, get_args

import pytest
import yaml

from app.settings import Settings
from app.settings_fields import Role
from app.settings_sources import PREFIX
from tests.house.known_settings import KNOWN

REPOSITORY: Final = Path(__file__).resolve().parents[2]
TEXT: Final = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
SERVICES: Final[dict[str, dict[str, Any]]] = yaml.safe_load(TEXT)["services"]
SERVING: Final = {name: each for name, each in SERVICES.items() if (each.get("command") or [""])[0] == "serve"}
ONCE: Final = {name for name, each in SERVICES.items() if each["restart"] == "no"}
METRICS_PORT: Final = 9100


def read(path: str) -> Any:
    """Read a file of `docs/deploy`."""
    return yaml.safe_load((REPOSITORY / "docs/deploy" / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardened(name: str) -> None:
    """None gains rights or fills the disk with logs; all but the database have no rights and a root to read alone."""
    service = SERVICES[name]

    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]
    assert name == "postgres" or (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_stays_tells_its_health(name: str) -> None:
    """Only what runs once does without; the API has the check of the image."""
    check = SERVICES[name].get("healthcheck", {})

    assert (check.get("disable") is True) == (name in ONCE)
    assert "test" in check or name in ONCE | {"lockstep"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_port_is_open_to_this_machine_alone(name: str) -> None:
    """Whoever wants more puts TLS in front."""
    assert [each for each in SERVICES[name].get("ports", ()) if not each.startswith("127.0.0.1:")] == []


def test_every_variable_is_a_setting() -> None:
    """What the services are given, the service knows."""
    given = {name for each in SERVICES.values() for name in each.get("environment", {}) if name.startswith(PREFIX)}

    assert given
    assert given <= KNOWN


def test_the_head_tells_what_may_be_set() -> None:
    """Each variable that the file reads stands at its head, but for the level of logs, and the other way round."""
    head = TEXT.partition("\nx-")[0]
    read_here = set(re.findall(r"\$\{([A-Z_]+)", TEXT))

    assert read_here - {f"{PREFIX}LOG_LEVEL"} == set(re.findall(r"\b(?:LOCKSTEP|POSTGRES|GRAFANA)_[A-Z_]+\b", head))


def test_every_role_runs_with_either_sender() -> None:
    """The service and one dispatcher have them all."""
    roles = {name: each["environment"][f"{PREFIX}ROLES"].split(",") for name, each in SERVING.items()}

    for sender in ("dispatcher", "dispatcher-simulated"):
        assert sorted(roles["lockstep"] + roles[sender]) == sorted(get_args(Role))


@pytest.mark.parametrize("name", SERVING)
def test_a_process_has_the_time_to_leave(name: str) -> None:
    """It is killed later than it leaves by itself."""
    assert int(SERVING[name]["stop_grace_period"].removesuffix("s")) > Settings.model_fields["leave_seconds"].default


def test_prometheus_asks_every_process() -> None:
    """Each one that serves is among the names, with the port of metrics; the rules are beside it."""
    config = read("prometheus/prometheus.yml")
    (found,) = config["scrape_configs"][0]["dns_sd_configs"]

    assert set(found["names"]) == set(SERVING)
    assert found["port"] == METRICS_PORT
    assert {each["environment"][f"{PREFIX}METRICS_PORT"] for each in SERVING.values()} == {str(METRICS_PORT)}
    assert all(
        f":{METRICS_PORT}/livez" in str(SERVING[name].get("healthcheck", "")) for name in SERVING if name != "lockstep"
    )
    assert config["rule_files"] == ["*.rules.yml"]


def test_grafana_asks_prometheus() -> None:
    """Its source is the service's address, and its dashboards lie in what is mounted."""
    (source,) = read("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    (provider,) = read("grafana/provisioning/dashboards/lockstep.yml")["providers"]
    mounts = dict(each.split(":")[:2] for each in SERVICES["grafana"]["volumes"])

    assert source["url"] == "http://prometheus:9090"
    assert provider["options"]["path"] == mounts["./docs/deploy/grafana"]
    assert (
        SERVICES["grafana"]["environment"]["GF_PATHS_PROVISIONING"] == f"{mounts['./docs/deploy/grafana']}/provisioning"
    )


@pytest.mark.parametrize(
    "mount", sorted({each for service in SERVICES.values() for each in service.get("volumes", ())})
)
def test_what_is_mounted_is_there(mount: str) -> None:
    """A path is one of the repository's, a name one of the volumes."""
    source = mount.partition(":")[0]

    if source.startswith("./"):
        assert (REPOSITORY / source).is_dir()
    else:
        assert source in yaml.safe_load(TEXT)["volumes"] or source.startswith("${")
