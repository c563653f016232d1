"""A model folder as an MLflow pyfunc: the script that "models from code" stores beside it.

MLflow runs this file to make the model, wherever the model is loaded. Columns in: `text` and,
optionally, `previous`. Parameter: `profile`, `amazon` by default. Columns out: `verdict`,
`probability`, `types` and `evidence` (both as JSON), `error`, `profile`, `model` and `reasons` (a JSON list).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import mlflow
import pandas as pd

import reviewguard
from reviewguard.schema import json_text

ARTIFACT = "model_folder"
PROFILE = "amazon"


class ReviewGuardModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    """Loads the folder given as the artifact `model_folder` and judges rows."""

    def load_context(self, context: Any) -> None:
        """Load the model folder."""
        self.guard = reviewguard.load(context.artifacts[ARTIFACT])

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """One row a message, in order, with the index of the rows given; a cell that is no text gets an `error`."""
        texts = model_input["text"]
        previous = model_input.get("previous", pd.Series([None] * len(model_input)))
        errors = [
            _not_text("text", text) or _not_text("previous", before)
            for text, before in zip(texts, previous, strict=True)
        ]
        messages = [
            reviewguard.Message("" if error else _words(text) or "", _words(before))
            for text, before, error in zip(texts, previous, errors, strict=True)
        ]
        verdicts = self.guard.predict(messages, profile=(params or {}).get("profile", PROFILE))
        rows = [_row(verdict) | error for verdict, error in zip(verdicts, errors, strict=True)]
        # Of type object: beside other values pandas would make None a NaN, which is no JSON.
        return pd.DataFrame(rows, columns=list(OUTPUTS), index=model_input.index, dtype=object)


OUTPUTS = ("verdict", "probability", "types", "evidence", "error", "profile", "model", "reasons")
EITHER = ("verdict", "probability", "error")
"""What may be None: the error where there is none, the others where there is one."""


def _words(cell: Any) -> str | None:
    # MLflow makes the text `<NA>` of what is missing in a column of Arrow's types.
    return cell if isinstance(cell, str) and cell not in ("", str(pd.NA)) else None


def _not_text(column: str, cell: Any) -> dict[str, Any]:
    """The error of a cell that holds something other than text or nothing."""
    if isinstance(cell, str) or (pd.api.types.is_scalar(cell) and pd.isna(cell)):
        return {}
    return {"error": f"{column} is of type {type(cell).__name__}"}


def _row(verdict: reviewguard.Verdict) -> dict[str, Any]:
    return {
        "verdict": verdict.verdict,
        "probability": verdict.probability,
        "types": json.dumps([asdict(item) for item in verdict.types]),
        "evidence": json_text([asdict(item) for item in verdict.evidence]),
        "error": verdict.error,
        "profile": verdict.profile,
        "model": verdict.model,
        "reasons": json_text(verdict.reasons),
    }


mlflow.models.set_model(ReviewGuardModel())
