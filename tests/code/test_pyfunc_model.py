"""A table in, a row a message out, whatever its cells hold."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from reviewguard.errors import InputError
from reviewguard.modeling.pyfunc_model import ReviewGuardModel
from reviewguard.schema import COMPLIANT, Evidence, Message, TypeScore, Verdict, json_text

FINE = Verdict(None, COMPLIANT, 0.1, reasons=("language: de",), model="m-1")
EMPTY = Verdict(None, None, None, error="empty", model="m-1")


class Guard:
    """Refuses what is no text, as the classifier does; an empty text is an error of its own."""

    def predict(self, messages: list[Message], *, profile: str) -> list[Verdict]:
        if not all(isinstance(m.text, str) for m in messages):
            raise InputError("no text")
        return [replace(FINE if m.text else EMPTY, profile=profile) for m in messages]


class EchoGuard:
    """Says of every message what it was given."""

    def predict(self, messages: list[Message], *, profile: str) -> list[Verdict]:
        return [
            Verdict(
                None,
                "review-soliciting",
                0.9,
                types=(TypeScore("selective", 0.8),),
                evidence=(Evidence(0, 4, message.text[:4], str(message.previous), 1.0),),
                profile=profile,
            )
            if message.text
            else Verdict(None, None, None, error="an empty message")
            for message in messages
        ]


def test_pyfunc_gives_one_row_a_message() -> None:
    model: Any = ReviewGuardModel()
    model.guard = EchoGuard()
    rows = pd.DataFrame({"text": ["Hélas", "", "Rate us"], "previous": ["Love it", None, float("nan")]})
    answer = model.predict(None, rows)
    columns = ["verdict", "probability", "types", "evidence", "error", "profile", "model", "reasons"]
    assert list(answer.columns) == columns
    assert json.loads(answer["types"][0]) == [{"type": "selective", "probability": 0.8}]
    assert [json.loads(item)[0]["type"] for item in answer["evidence"][[0, 2]]] == [
        "Love it",
        "None",
    ]
    assert answer["error"][1] == "an empty message"
    alone = model.predict(None, rows[["text"]])
    assert json.loads(alone["evidence"][0])[0]["type"] == "None"


def judged(texts: list[Any], **more: list[Any]) -> pd.DataFrame:
    model: Any = ReviewGuardModel()
    model.guard = Guard()
    rows = pd.DataFrame({"text": texts, **more}, index=range(5, 5 + len(texts)))
    table: pd.DataFrame = model.predict(None, rows)
    return table


def test_a_cell_that_is_no_text_is_an_error_of_its_row_alone() -> None:
    fine = "Your parcel left today."
    found = judged([fine, 5, None, float("nan"), pd.NA, ["words"], fine])
    assert list(found.index) == list(range(5, 12))
    verdicts = [None if pd.isna(verdict) else verdict for verdict in found["verdict"]]
    assert verdicts == [COMPLIANT, None, None, None, None, None, COMPLIANT]
    errors = ["text is of type int", "empty", "empty", "empty", "text is of type list"]
    assert list(found["error"][1:-1]) == errors
    asked = judged([fine, fine, fine], previous=["I love it!", None, b"I love it!"])
    assert asked["error"].isna().tolist() == [True, True, False]
    assert asked["verdict"].isna().tolist() == [False, False, True]
    assert asked["error"].iloc[2] == "previous is of type bytes"


def test_what_an_arrow_column_lacks_is_missing_once_mlflow_has_read_it() -> None:
    column = pd.Series(["Rate us", None], dtype=pd.ArrowDtype(pa.string())).astype(np.str_)  # as it does
    model: Any = ReviewGuardModel()
    model.guard = EchoGuard()
    answer = model.predict(None, pd.DataFrame({"text": column, "previous": column[::-1].to_list()}))
    assert json.loads(answer["evidence"][0])[0]["type"] == "None"
    assert answer["error"].to_list() == [None, "an empty message"]


def test_text_that_no_table_holds_is_escaped() -> None:
    assert json.loads(json_text(["\ud83d"])) == ["\ud83d"]
    assert pd.Series([json_text(["\ud83d"]), json_text(["süß"])]).tolist() == ['["\\ud83d"]', '["süß"]']


def test_an_answer_says_by_which_rules_and_model_and_why() -> None:
    (answer,) = judged(["Your parcel left today."]).to_dict("records")
    assert (answer["profile"], answer["model"]) == ("amazon", "m-1")
    assert json.loads(answer["reasons"]) == ["language: de"]


def test_an_empty_cell_beside_others_is_null_in_json() -> None:
    model: Any = ReviewGuardModel()
    model.guard = EchoGuard()
    judged = model.predict(None, pd.DataFrame({"text": ["Leave us 5 stars.", ""]}))
    json.dumps(judged.to_dict("records"), allow_nan=False)
    assert judged.to_dict("list")["error"] == [None, "an empty message"]
    assert judged.to_dict("list")["verdict"] == ["review-soliciting", None]
    assert judged.to_dict("list")["probability"] == [0.9, None]
