"""Alert rules and the dashboard: they can be parsed, and ask for metrics and labels that there are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import promql_parser
import pytest
import yaml

from app.metrics.page import MetricsPage
from events.metrics import REGISTRY
from events.postgres.pool import Pool
from tests.house.test_docs import _headings

DEPLOY: Final = Path(__file__).resolve().parents[2] / "docs/deploy"
RULES: Final[dict[str, Any]] = yaml.safe_load((DEPLOY / "prometheus/lockstep.rules.yml").read_text(encoding="utf-8"))
DASHBOARD: Final[dict[str, Any]] = json.loads((DEPLOY / "grafana/lockstep.json").read_text(encoding="utf-8"))

CASES: Final[list[dict[str, Any]]] = yaml.safe_load(
    (DEPLOY / "prometheus/lockstep.rules.test.yml").read_text(encoding="utf-8")
)["tests"]

ALERTS: Final = [rule for group in RULES["groups"] for rule in group["rules"]]
PANELS: Final = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS: Final = [
    *(pytest.param(each["expr"], id=each["alert"]) for each in ALERTS),
    *(
        pytest.param(target["expr"].replace("$__rate_interval", "5m"), id=f"{panel['title']} {target['refId']}")
        for panel in PANELS
        for target in panel["targets"]
    ),
]
OF_THE_SCRAPE: Final = {"instance", "job"}


def known(page: MetricsPage) -> dict[str, set[str]]:
    """Give the labels of every series by its name."""
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
    labels = {
        name: set(getattr(collector, "_labelnames", ()))
        for collector, names in REGISTRY._collector_to_names.items()
        for name in names
    }
    found: dict[str, set[str]] = {}
    for family in page.collect():
        stated = labels.get(family.name, set(getattr(family, "_labelnames", ())))
        for suffix in suffixes.get(family.type, ("",)):
            found[family.name + suffix] = stated | OF_THE_SCRAPE | ({"le"} if suffix == "_bucket" else set())
    return found


def selectors(expression: str) -> list[promql_parser.VectorSelector]:
    """List what an expression asks for."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        elif isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


def grouped(expression: str) -> Iterator[str]:
    """Give the labels that an expression groups or joins by."""
    for listed in re.findall(r"\b(?:by|on) ?\(([^)]*)\)", expression):
        yield from (each.strip() for each in listed.split(",") if each.strip())


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_for_metrics_that_there_are(pool: Pool, expression: str) -> None:
    """It can be parsed, and each metric and label in it is one of ours."""
    metrics, asked = known(MetricsPage(pool)), selectors(expression)

    assert asked
    for each in asked:
        assert each.name in metrics
        assert {matcher.name for matcher in each.matchers.matchers} <= metrics[each.name]
    assert set(grouped(expression)) <= set().union(*(metrics[each.name or ""] for each in asked))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_to_do(alert: dict[str, Any]) -> None:
    """It has a severity, says what is wrong, and leads to a heading that exists."""
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"].endswith(".")
    assert alert["annotations"]["description"].endswith(".")
    path, _, heading = alert["annotations"]["runbook"].partition("#")
    assert heading in _headings(DEPLOY.parents[1] / path)


def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not_yet() -> None:
    """`make manifests` lets promtool try the cases; each asks for all that fires, so none fires unseen."""
    fired: dict[str, set[bool]] = {each["alert"]: set() for each in ALERTS}
    for case in CASES:
        samples = [{each["labels"] for each in asked["exp_samples"]} for asked in case["promql_expr_test"]]
        named = {name for labels in set().union(*samples) for name in re.findall(r'alertname="(\w+)"', labels)}
        for name in named:
            fired[name] |= {any(f'alertname="{name}"' in labels for labels in each) for each in samples}

    assert {name for name, seen in fired.items() if seen != {True, False}} == set()
    assert {asked["expr"] for case in CASES for asked in case["promql_expr_test"]} == {'ALERTS{alertstate="firing"}'}


def test_three_alerts_page() -> None:
    """What wakes somebody stays rare."""
    assert [each["alert"] for each in ALERTS if each["labels"]["severity"] == "page"] == [
        "LockstepEventsNotTaken", "LockstepCardsStandStill", "LockstepPushesRefused"
    ]  # fmt: skip


def test_the_dashboard_shows_every_metric_of_ours(pool: Pool) -> None:
    """None is collected for nobody; each panel says what it shows, and lies beside the others."""
    shown = {each.name for panel in PANELS for target in panel["targets"]
             for each in selectors(target["expr"].replace("$__rate_interval", "5m"))}  # fmt: skip
    ours = {family.name for family in MetricsPage(pool).collect() if family.name.startswith("lockstep_")}
    places = [(p["gridPos"]["x"] + x, p["gridPos"]["y"] + y) for p in DASHBOARD["panels"]
              for x in range(p["gridPos"]["w"]) for y in range(p["gridPos"]["h"])]  # fmt: skip

    assert ours - {re.sub(r"_(total|bucket|count|sum)$", "", name or "") for name in shown} == set()
    assert all(panel["description"] for panel in PANELS)
    assert len(places) == len(set(places))
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
