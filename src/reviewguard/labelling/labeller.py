"""Who labels: a name that may be stored. `label` asks it first, without the libraries of `data add`."""

from __future__ import annotations

from reviewguard.curation.privacy import find_in_labeller
from reviewguard.errors import InputError


def check_labeller(who: str) -> None:
    """Refuse whom `checking.check` would refuse in each row.

    Raises:
        InputError: personal details other than a name are in it.
    """
    if found := find_in_labeller(who):
        raise InputError(
            f"the labeller is {who!r}, which would be stored with each label: {found[0].kind}",
            expected="a name or a login, without an address or a phone number",
            fix="--who nora",
        )
