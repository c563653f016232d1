"""What runs the encoder: anything that turns a batch of windows into logits and token evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from reviewguard.encoding import Batch, Forward
from reviewguard.errors import ModelError


class Backend(Protocol):
    """Runs the model; safe to call from several threads."""

    def run(self, batch: Batch) -> Forward:
        """One forward pass over a batch."""


class OnnxBackend:
    """ONNX Runtime on the CPU."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Open a model file.

        Args:
            threads: threads per forward pass; 0 for one per core.

        Raises:
            ModelError: ONNX Runtime cannot load the file.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Unpack the int8 weights once, at load, instead of in every pass.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime raises its own, unexported classes
            raise ModelError(
                f"ONNX Runtime cannot load {path}: {error}", expected="the model.onnx of a model folder"
            ) from error

    def run(self, batch: Batch) -> Forward:
        """One forward pass over a batch."""
        logits, evidence, attention = self._session.run(
            ["logits", "evidence", "attention"], batch.as_inputs()
        )
        return Forward(logits, evidence, attention)
