"""The output folder of an audit: written whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.files import disk_errors, mode_for, umask, write_jsonl, write_text
from reviewguard.inference.audit.masked import without_personal_data
from reviewguard.inference.audit.results import Audit
from reviewguard.inference.report.lines import finding_lines
from reviewguard.inference.report.page import render_page
from reviewguard.inference.report.sheets import write_sheets
from reviewguard.readers.sources import REPORT

PAGE, SHEETS, LINES = REPORT
_PART = ".audit."
"""Begins the name of a report that is being written, which a killed process leaves."""


def write_report(
    audit: Audit, folder: Path, *, created: datetime, show_personal_data: bool = False, force: bool = False
) -> Audit:
    """Write report.html, findings.xlsx and findings.jsonl; an earlier report in that folder is replaced.

    Args:
        created: when the audit was run.
        show_personal_data: leave names, addresses and numbers in the messages as they are.
        force: write into the folder even if it holds something else, which stays.

    Returns:
        The audit as it was written, masked or not.

    Raises:
        InputError: the folder holds something else, or cannot be written.
    """
    shown = audit if show_personal_data else without_personal_data(audit)
    with _new_folder(folder, force=force) as new:
        page = render_page(shown, created=created, masked=not show_personal_data)
        write_text(new / PAGE, page, errors="replace")
        write_sheets(shown, new / SHEETS)
        write_jsonl(new / LINES, finding_lines(shown), errors="replace")
    return shown


def report_files(folder: Path) -> tuple[Path, ...]:
    """The files that a report in that folder has."""
    return tuple(folder / name for name in REPORT)


def check_folder(folder: Path, *, force: bool = False) -> None:
    """Whether a report can be written there; worth asking before the work is done.

    Raises:
        InputError: it cannot, or would take the place of something else.
    """
    with disk_errors(folder):
        _check_place(folder, force=force)
    _part_of(folder).rmdir()


def _check_place(folder: Path, *, force: bool) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        kind = "is a link" if folder.is_symlink() else "is no folder"
        raise InputError(f"{folder} {kind}", fix="choose another --out")
    if taken := next((path for path in report_files(folder) if path.is_dir()), None):
        raise InputError(f"{taken} is a folder, where the report has a file", fix="choose another --out")
    if folder.is_dir() and not force:
        names = {item.name for item in folder.iterdir() if not _by_the_way(item.name)}
        foreign = sorted(names.difference(REPORT))
        if foreign:
            raise InputError(
                f"{folder} holds {foreign[0]!r}, which no audit wrote",
                expected="a new folder, or one with an earlier report alone",
                fix="choose another --out, or --force to write the report beside it",
            )


def _by_the_way(name: str) -> bool:
    """Whether a part of a report, or what a desktop or an office program leaves where a report was looked at."""
    return name.startswith((_PART, ".DS_Store", "._", ".~lock.", "~$")) or name in (
        "Thumbs.db",
        "desktop.ini",
    )


@contextmanager
def _new_folder(folder: Path, *, force: bool) -> Iterator[Path]:
    """A folder that becomes `folder`, or whose files go into it, once it is complete."""
    check_folder(folder, force=force)
    folder = folder.absolute()
    new = _part_of(folder)
    try:
        with disk_errors(folder):
            yield new
            new.chmod(0o777 & ~umask())
            _replace(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _part_of(folder: Path) -> Path:
    """A new, empty folder on the same file system: in it, or beside it where it does not exist yet."""
    folder = folder.absolute()
    place = folder if folder.is_dir() else folder.parent
    with disk_errors(folder):
        place.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=place, prefix=_PART))


def _replace(new: Path, folder: Path) -> None:
    """Let the new folder be the folder, or put its files into it: somebody may stand there, or it be a mount."""
    if not folder.exists():
        new.rename(folder)
        return
    for item in new.iterdir():
        item.chmod(mode_for(folder / item.name))
        item.replace(folder / item.name)
