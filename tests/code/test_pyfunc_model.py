"""A table in, a row a message out, whatever its cells hold."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reviewguard.errors import InputError
from reviewguard.modeling.pyfunc_model import ReviewGuardModel
from reviewguard.schema import COMPLIANT, Message, Verdict


class Guard:
    """Refuses what is no text, as the classifier does; an empty text is an error of its own."""

    def predict(self, messages: list[Message], *, profile: str) -> list[Verdict]:
        if not all(isinstance(m.text, str) for m in messages):
            raise InputError("no text")
        return [
            Verdict(
                None, COMPLIANT if m.text else None, None, profile=profile, error=None if m.text else "empty"
            )
            for m in messages
        ]


def judged(texts: list[Any]) -> pd.DataFrame:
    model: Any = ReviewGuardModel()
    model.guard = Guard()
    table: pd.DataFrame = model.predict(None, pd.DataFrame({"text": texts}, index=range(5, 5 + len(texts))))
    return table


def test_a_cell_that_is_no_text_is_an_error_of_its_row_alone() -> None:
    fine = "Your parcel left today."
    found = judged([fine, 5, None, float("nan"), pd.NA, ["words"], fine])
    assert list(found.index) == list(range(5, 12))
    verdicts = [None if pd.isna(verdict) else verdict for verdict in found["verdict"]]
    assert verdicts == [COMPLIANT, None, None, None, None, None, COMPLIANT]
    errors = ["text is of type int", "empty", "empty", "empty", "text is of type list"]
    assert list(found["error"][1:-1]) == errors
