"""What runs the encoder: anything that turns a batch of windows into logits and token evidence."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reviewguard.encoding import ATTRIBUTION, Batch, Forward
from reviewguard.errors import ModelError


class Backend(Protocol):
    """Runs the model; safe to call from several threads.

    Attributes:
        threads: batches worth running side by side.
    """

    threads: int

    def run(self, batch: Batch) -> Forward:
        """One forward pass over a batch."""


class OnnxBackend:
    """ONNX Runtime on the CPU.

    A pass runs on one core, and several run side by side: matrices of a few hundred tokens fit a core's own cache,
    and nothing waits for the slowest core after every operator. Measured by `benchmarks/throughput.py`.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Open a model file.

        Args:
            threads: passes to run side by side; 0 for one per core.

        Raises:
            ModelError: ONNX Runtime cannot load the file.
        """
        import onnxruntime

        self.threads = threads or available_cores()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        # Where the processor has no VNNI, int8 products would saturate; this takes exact, slower ones there.
        options.add_session_config_entry("session.x64quantprecision", "1")
        # Folders of version 0.1: unpack the int8 weights once, at load, instead of in every pass.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        try:
            self._session = onnxruntime.InferenceSession(
                str(path),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=["SkipLayerNormFusion"],  # the fused operator takes six times as long
            )
        except Exception as error:  # ONNX Runtime raises its own, unexported classes
            raise ModelError(
                f"ONNX Runtime cannot load {path}: {error}", expected="the model.onnx of a model folder"
            ) from error
        self._inputs = [value.name for value in self._session.get_inputs()]
        self._outputs = ["logits", "evidence", "attention"]
        self._outputs += [v.name for v in self._session.get_outputs() if v.name == ATTRIBUTION]

    def run(self, batch: Batch) -> Forward:
        """One forward pass over a batch."""
        return Forward(*self.values(self._outputs, batch))

    def values(self, names: Sequence[str], batch: Batch) -> list[NDArray[np.float32]]:
        """Outputs of the graph by name, after one forward pass over a batch."""
        given = batch.as_inputs()
        return list(self._session.run(list(names), {name: given[name] for name in self._inputs}))


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
