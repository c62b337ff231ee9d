"""The manifests for Kubernetes fit together, and fit the service; `make manifests` asks Kubernetes' own schemas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import pytest
import yaml

from app.http.routes import ROUTES
from app.settings import Settings
from app.settings_fields import Role
from app.settings_sources import PREFIX
from tests.house.known_settings import KNOWN

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs/deploy/kubernetes"
APART: Final = {"kustomization.yaml", "secrets.yaml"}
ROOM_SECONDS: Final = 5
METRICS_PATHS: Final = {"/metrics", "/livez"}


def documents() -> Iterator[dict[str, Any]]:
    """Give every object of every file, save kustomize's own."""
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.name != "kustomization.yaml":
            yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def of_kind(kind: str) -> list[dict[str, Any]]:
    """Give the objects of a kind."""
    return [each for each in OBJECTS if each["kind"] == kind]


def name_of(workload: dict[str, Any]) -> str:
    """Give the name of an object."""
    return str(workload["metadata"]["name"])


def pod_of(workload: dict[str, Any]) -> dict[str, Any]:
    """Give what a Deployment or a Job says of its pods."""
    return dict(workload["spec"]["template"]["spec"])


def container_of(workload: dict[str, Any]) -> dict[str, Any]:
    """Give the one container of a Deployment or a Job."""
    (only,) = pod_of(workload)["containers"]
    return dict(only)


def variables_of(workload: dict[str, Any]) -> dict[str, str]:
    """Give the variables of a container, those of the settings that it takes whole included."""
    container = container_of(workload)
    taken = {each["configMapRef"]["name"] for each in container["envFrom"]}
    settings = [each["data"] for each in of_kind("ConfigMap") if name_of(each) in taken]
    assert len(settings) == len(taken)
    return {name: value for each in settings for name, value in each.items()} | {
        each["name"]: each["value"] for each in container.get("env", [])
    }


def chosen(labels: dict[str, str]) -> list[str]:
    """Name the Deployments whose pods have these labels."""
    return [
        name_of(each)
        for each in DEPLOYMENTS
        if labels.items() <= each["spec"]["template"]["metadata"]["labels"].items()
    ]


OBJECTS: Final = list(documents())
DEPLOYMENTS: Final = of_kind("Deployment")
WORKLOADS: Final = DEPLOYMENTS + of_kind("Job")


def test_kustomize_lists_every_file() -> None:
    """What is in the folder is applied, save the template of the secrets."""
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]

    assert sorted(listed) == sorted({path.name for path in FOLDER.glob("*.yaml")} - APART)


def test_each_role_has_a_deployment() -> None:
    """There is one for each role, and it runs no other."""
    run = {name_of(each): variables_of(each)[f"{PREFIX}ROLES"] for each in DEPLOYMENTS}

    assert run == {f"lockstep-{role}": role for role in get_args(Role)}
    assert [container_of(each)["args"] for each in DEPLOYMENTS] == [["serve"]] * len(DEPLOYMENTS)


@pytest.mark.parametrize("workload", WORKLOADS, ids=name_of)
def test_every_variable_is_a_setting(workload: dict[str, Any]) -> None:
    """What is set is known, and each key of a secret's template is the file of a setting, or named by one."""
    variables = variables_of(workload)
    keys = {name_of(each): each["stringData"] for each in of_kind("Secret")}
    volumes = {each["name"]: each.get("secret", {}).get("secretName") for each in pod_of(workload)["volumes"]}
    mounted = {
        f"{mount['mountPath']}/{key}"
        for mount in container_of(workload)["volumeMounts"]
        if volumes[mount["name"]] is not None
        for key in keys[volumes[mount["name"]]]
    }

    assert set(variables) <= KNOWN
    told = " ".join(value for each in keys.values() for value in each.values())
    assert {value for name, value in variables.items() if name.endswith("_FILE")} == {
        each for each in mounted if f"={each}" not in told
    }


@pytest.mark.parametrize("workload", WORKLOADS, ids=name_of)
def test_a_pod_runs_without_rights(workload: dict[str, Any]) -> None:
    """It is not root, writes nothing but `/tmp`, gains nothing, has no account of the cluster, cannot eat the node."""
    pod, container = pod_of(workload), container_of(workload)

    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert "memory" in container["resources"]["limits"]
    assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
    assert [each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")] == ["/tmp"]  # noqa: S108 - the pod's own


@pytest.mark.parametrize("workload", DEPLOYMENTS, ids=name_of)
def test_a_pod_has_the_time_to_leave(workload: dict[str, Any]) -> None:
    """It is killed later than it leaves by itself: after what it waits first, and `LOCKSTEP_LEAVE_SECONDS`."""
    hooks = container_of(workload).get("lifecycle")
    first = 0 if hooks is None else int(hooks["preStop"]["exec"]["command"][1])
    leave = float(variables_of(workload).get(f"{PREFIX}LEAVE_SECONDS", Settings.model_fields["leave_seconds"].default))

    assert pod_of(workload)["terminationGracePeriodSeconds"] >= first + leave + ROOM_SECONDS


@pytest.mark.parametrize("workload", DEPLOYMENTS, ids=name_of)
def test_a_probe_asks_for_what_is_served(workload: dict[str, Any]) -> None:
    """Each has a path that its port answers; Prometheus is told the port of metrics."""
    container, variables = container_of(workload), variables_of(workload)
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    served = {"http": {each.path for each in ROUTES if each.method == "GET"}, "metrics": METRICS_PATHS}
    asked = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    told = workload["spec"]["template"]["metadata"]["annotations"]

    assert [each for each in asked if each["path"] not in served[each["port"]]] == []
    assert ports["metrics"] == int(variables[f"{PREFIX}METRICS_PORT"])
    assert ("http" in ports) == (name_of(workload) == "lockstep-api")
    assert told["prometheus.io/port"] == str(ports["metrics"])
    assert told["prometheus.io/path"] in METRICS_PATHS


@pytest.mark.parametrize("workload", DEPLOYMENTS, ids=name_of)
def test_an_eviction_leaves_one_of_each_role(workload: dict[str, Any]) -> None:
    """There are two of each, on two machines if there are, and one disruption at a time."""
    own = workload["spec"]["template"]["metadata"]["labels"]
    budgets = [each["spec"] for each in of_kind("PodDisruptionBudget") if each["metadata"]["labels"] == own]
    (spread,) = pod_of(workload)["topologySpreadConstraints"]

    assert workload["spec"]["replicas"] == 2
    assert budgets == [{"maxUnavailable": 1, "selector": {"matchLabels": own}}]
    assert spread["labelSelector"]["matchLabels"] == workload["spec"]["selector"]["matchLabels"] == own


def test_requests_reach_the_api_alone() -> None:
    """The Service names pods and a port of theirs."""
    (service,) = of_kind("Service")

    assert chosen(service["spec"]["selector"]) == ["lockstep-api"]
    assert [each["targetPort"] for each in service["spec"]["ports"]] == ["http"]


def test_the_network_lets_in_and_out_what_is_needed() -> None:
    """All pods are closed but for metrics, names and Postgres; the API is asked; dispatchers ask Apple and Google."""
    policies = {name_of(each): each["spec"] for each in of_kind("NetworkPolicy")}
    open_ports = {
        (name, way): {port["port"] for rule in policy.get(way, []) for port in rule["ports"]}
        for name, policy in policies.items()
        for way in ("ingress", "egress")
    }

    assert policies["lockstep-all"]["policyTypes"] == ["Ingress", "Egress"]
    assert {name: chosen(policy["podSelector"]["matchLabels"]) for name, policy in policies.items()} == {
        "lockstep-all": [name_of(each) for each in DEPLOYMENTS],
        "lockstep-api": ["lockstep-api"],
        "lockstep-dispatcher": ["lockstep-dispatcher"],
    }
    assert open_ports == {
        ("lockstep-all", "ingress"): {9100},
        ("lockstep-all", "egress"): {53, 5432},
        ("lockstep-api", "ingress"): {8080},
        ("lockstep-api", "egress"): set(),
        ("lockstep-dispatcher", "ingress"): set(),
        ("lockstep-dispatcher", "egress"): {443, 2195, 2196},
    }
