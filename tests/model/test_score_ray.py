"""`score --engine ray`: the same bytes as on one machine, and nothing lost or doubled when a node dies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

ray = pytest.importorskip("ray", reason="Ray is an extra: pip install '.[ray]'")

from reviewguard.inference import conversations, ray_engine  # noqa: E402
from reviewguard.inference.batch import Progress, ScoreOptions  # noqa: E402
from reviewguard.inference.scoring import ScoreJob, run_job  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """The head of a cluster."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_worker_niceness", "0")  # a busy machine would never give its actors a turn
    node = {"num_cpus": 2, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=node)
    ray.init(address=made.address, log_to_driver=False, logging_level="error")
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.jsonl"
    texts = [f"Message {i // 2} of many: please leave a review, {'dear ' * (i % 40)}" for i in range(240)]
    rows = [{"id": i, "text": text} for i, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_killed_node_costs_nothing_and_the_bytes_are_those_of_one_machine(
    cluster, export: Path, tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "CHUNK_MESSAGES", 4)
    alone, together = tmp_path / "alone.jsonl", tmp_path / "together.jsonl"
    run_job(ScoreJob((str(export),), alone, ScoreOptions(workers=1), tiny_model_dir))

    node = cluster.add_node(num_cpus=2, object_store_memory=80 * 2**20)
    cluster.wait_for_nodes()
    assert ray_engine._spare_cores() == 3
    killed: list[int] = []

    def kill_the_node_once_work_runs(progress: Progress) -> None:
        if progress.stage == "scoring" and progress.done and not killed:
            killed.append(progress.done)
            Thread(target=cluster.remove_node, args=(node, False)).start()

    result = run_job(
        ScoreJob((str(export),), together, model=tiny_model_dir, ray=True), kill_the_node_once_work_runs
    )
    assert killed and killed[0] < result.counts.read / 2
    assert result.written == result.counts.read == 240
    assert together.read_bytes() == alone.read_bytes()
