from __future__ import annotations

import os
import pwd

import pytest

from reviewguard.user import who

VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME")


def test_the_user_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "nora")
    assert who() == "nora"


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_user_without_a_name_is_told_by_number(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def unknown(uid: int) -> None:
        raise error(uid)

    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert who() == "uid 12345"
