"""Whole folders: copied, and put in the place of one another without a moment in which there is none."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from reviewguard.errors import InputError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NOT_HERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
_FIXED = (errno.EXDEV, errno.EBUSY)
"""What a folder of a lower layer of a container's image answers, and one that something is mounted on."""


def replace_folder(new: Path, target: Path) -> None:
    """Put a finished folder in the place of another, which is then deleted.

    On Linux the two change places in one step (renameat2(2), RENAME_EXCHANGE). Where system or file system cannot do
    that, the old folder stands beside the target for a moment; `standing_folder` and `restore_folder` know where.

    Raises:
        InputError: the target cannot be moved, as a mount.
    """
    restore_folder(target)
    if not target.exists():
        new.rename(target)
    elif _exchange(new, target):
        remove_folder(new)
    else:
        target.rename(_old(target))
        new.rename(target)
        remove_folder(_old(target))


def remove_folder(folder: Path) -> None:
    """Delete a folder, or the link to one, as far as that is possible."""
    if folder.is_symlink():
        folder.unlink()
    else:
        _make_writable(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _make_writable(folder: Path) -> None:
    """Let the owner write to a folder and those in it, as far as that is possible."""
    with suppress(OSError):
        folder.chmod(folder.stat().st_mode | stat.S_IRWXU)
        for inner in folder.iterdir():
            if inner.is_dir() and not inner.is_symlink():
                _make_writable(inner)


def standing_folder(target: Path) -> Path:
    """The folder itself, or the old one where the new one is just being put in its place (or never was)."""
    old = _old(target)
    return old if not target.exists() and old.is_dir() else target


def restore_folder(target: Path) -> bool:
    """Clean up after a `replace_folder` that was killed; True if the old folder had to be put back.

    Only for the one who may write here: it would undo what another one is at.
    """
    old = _old(target)
    if target.exists() or not old.exists():
        remove_folder(old)
        return False
    old.rename(target)
    return True


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder to where none is, onto the disk. Interrupted, it leaves a part: choose a name nobody reads."""
    try:
        shutil.copytree(source, target, copy_function=shutil.copyfile)  # not what forbids writing
    except shutil.Error as error:  # a triple for every file that it could not copy
        raise OSError(error.args[0][0][-1]) from error
    _make_writable(target)
    for path in target.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def beside(target: Path, ending: str) -> Path:
    """A hidden name next to a folder, for what belongs to it."""
    named = Path(os.path.abspath(target))  # noqa: PTH100  "." has no name of its own; links keep theirs
    return named.parent / f".{named.name}.{ending}"


def _old(target: Path) -> Path:
    return beside(target, "old")


def _exchange(one: Path, other: Path) -> bool:
    """Let two paths change places; False where that cannot be done in one step."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # another system, or an older C library
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if not renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], ctypes.c_uint(_RENAME_EXCHANGE)):
        return True
    code = ctypes.get_errno()
    if code in _NOT_HERE:
        return False
    if code in _FIXED:
        raise InputError(
            f"{other} cannot be exchanged: {os.strerror(code)}",
            expected="a folder of a disk, neither mounted by itself nor part of a container's image",
            fix=f"mount {Path(other).parent}, or copy it to a volume",
        )
    raise OSError(code, os.strerror(code), str(one), None, str(other))
