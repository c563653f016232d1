"""`reviewguard audit` from the command line, with the tiny model, and on the example export with the shipped one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT
from typer.testing import CliRunner, Result

from reviewguard.cli import app
from reviewguard.errors import ConfigError, InputError
from reviewguard.inference.audit import Audit

EXAMPLE = ROOT / "data" / "examples" / "audit_export.csv"
SHIPPED = ROOT / "models" / "default"
SMALL = """id,order_id,sent_at,direction,agent,body
1,999-1234567-7654321,2024-11-04 09:00,incoming,,"Hi, where is it?"
2,999-1234567-7654321,2024-11-04 10:00,outgoing,Nora,Leave us five stars and get a gift card
3,999-2234567-7654321,2024-11-09 10:00,outgoing,Tobias,Leave us five stars and get a gift card
4,999-3234567-7654321,2024-11-12 10:00,outgoing,Nora,Your parcel left today
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, flagging_model_dir: Path) -> Run:
    """Runs `audit` on the small export, with a model that flags every message, and further options."""
    (tmp_path / "export.csv").write_text(SMALL)

    def call(*options: str) -> Result:
        fixed = ["--out", str(tmp_path / "out"), "--model", str(flagging_model_dir), "--workers", "1"]
        return CliRunner().invoke(app, ["audit", str(tmp_path / "export.csv"), *fixed, *options])

    return call


def findings(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "findings.jsonl").read_text("utf-8").splitlines()]


def test_it_writes_a_report_and_says_where(run: Run, tmp_path: Path) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "report.html",
        "findings.xlsx",
        "findings.jsonl",
    }
    assert f"Report: {tmp_path / 'out' / 'report.html'}" in result.output.replace("\n", "")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Messages date from 4\u00a0Nov\u00a02024 – 12\u00a0Nov\u00a02024" in page
    assert "5\u00a0Nov\u00a02024 – 8\u00a0Nov\u00a02024" in page  # a gap


def test_a_second_audit_does_not_read_the_first_ones_report(tmp_path: Path, flagging_model_dir: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "export.csv").write_text(SMALL)
    out = tmp_path / "in" / "audit"

    def audit(*inputs: Path) -> Result:
        fixed = ["--out", str(out), "--model", str(flagging_model_dir), "--workers", "1"]
        return CliRunner().invoke(app, ["audit", *map(str, inputs), *fixed])

    assert audit(tmp_path / "in").exit_code == 0
    first = findings(out)
    assert first
    assert audit(tmp_path / "in").exit_code == 0
    assert findings(out) == first
    named = audit(tmp_path / "in", out / "findings.xlsx").exception
    assert isinstance(named, InputError)
    assert "earlier output" in str(named)
    assert findings(out) == first


def test_the_period_narrows_what_is_judged(run: Run, tmp_path: Path) -> None:
    period = ("--since", "2024-11-05", "--until", "2024-11-09")
    assert run(*period, "--model", str(SHIPPED)).exit_code == 0
    assert (
        "<b>amazon</b>, since 2024-11-05, until 2024-11-09" in (tmp_path / "out" / "report.html").read_text()
    )
    assert {s["number"] for f in findings(tmp_path / "out") for s in f["sendings"]} == {3}


def test_a_bad_day_a_bad_profile_and_a_foreign_folder_are_refused_before_anything_is_read(
    run: Run, tmp_path: Path
) -> None:
    for options, error in (
        (("--since", "1 Nov"), ConfigError),
        (("--since", "2024-12-01", "--until", "2024-11-01"), ConfigError),
        (("--profile", "nobody"), ConfigError),
    ):
        assert isinstance(run(*options).exception, error)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "diary.txt").write_text("mine")
    refused = run().exception
    assert isinstance(refused, InputError)
    assert "diary.txt" in str(refused)
    assert run("--force").exit_code == 0
    assert (tmp_path / "out" / "diary.txt").read_text() == "mine"


def test_what_is_printed_is_masked_as_the_report_is(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents: list[str] = []

    def view(audit: Audit, *_: object, **__: object) -> str:
        agents.extend(agent.name for agent in audit.overview.agents)
        return ""

    monkeypatch.setattr("reviewguard.inference.report.terminal.audit_view", view)
    text = SMALL.replace("Tobias", "nora@example.com").replace("Nora", "nora@example.com")
    (tmp_path / "export.csv").write_text(text)
    assert run().exit_code == run("--show-personal-data").exit_code == 0
    assert agents == ["nora@…", "nora@example.com"]


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [("--order", "999-2234567-7654321", {3}), ("--agent", "Tobias", {3}), ("--asin", "B0TEST0001", {2})],
)
def test_findings_are_narrowed_by_what_is_asked_for(
    run: Run, tmp_path: Path, option: str, value: str, wanted: set[int]
) -> None:
    head, *rows = SMALL.splitlines()
    with_asin = [
        f"{head},asin",
        *(f"{row},{'B0TEST0001' if row[0] == '2' else 'B0TEST0002'}" for row in rows),
    ]
    (tmp_path / "export.csv").write_text("\n".join(with_asin))
    assert run(option, value).exit_code == 0
    assert {s["number"] for f in findings(tmp_path / "out") for s in f["sendings"]} == wanted


def test_fail_on_cannot_pass_where_nothing_was_judged(run: Run) -> None:
    refused = run("--fail-on", "needs-review", "--order", "999-0-0").exception
    assert isinstance(refused, InputError)
    assert "no seller message was judged" in str(refused)


@pytest.mark.skipif(not (SHIPPED / "config.json").is_file(), reason="models/default holds no model")
def test_the_guilty_template_of_the_example_comes_first(tmp_path: Path) -> None:
    expected = json.loads(EXAMPLE.with_suffix(".expected.json").read_text())
    out = tmp_path / "audit"
    period = ["--since", "2024-11-01", "--until", "2024-12-31"]
    result = CliRunner().invoke(app, ["audit", str(EXAMPLE), *period, "--out", str(out)])
    assert result.exit_code == 0, result.output
    found = findings(out)
    rank = next(f["rank"] for f in found if set(expected["template_orders"]) & set(f["orders"]))
    template = found[rank - 1]
    assert rank <= 3
    assert template["verdict"] == "review-soliciting"
    assert set(template["orders"]) >= set(expected["template_orders"])
    assert {"incentive", "positive_request"} <= {t["type"] for t in template["types"]}

    guilty = set(expected["review_soliciting"])
    certain = {
        s["id"] for f in found if f["verdict"] == "review-soliciting" and not f["rule"] for s in f["sendings"]
    }
    assert len(certain & guilty) >= 0.9 * len(guilty)
    assert len(certain - guilty) <= 0.1 * len(certain)
    for rule in ("repeat_request", "late_request"):
        orders = {o for f in found if f["rule"] == rule for o in f["orders"]}
        assert set(expected[rule]) <= orders
        assert len(orders) <= 2 * len(expected[rule]) + 3

    page = (out / "report.html").read_text("utf-8")
    assert all("\u00a0".join(day) in page for day in (("29", "Nov", "2024"), ("1", "Dec", "2024")))
    assert page.index(template["id"]) < page.index('class="finding"') + 200
