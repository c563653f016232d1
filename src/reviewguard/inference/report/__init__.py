"""Writes an audit down: a page, a spreadsheet, JSON lines, and a few lines for the terminal."""

from reviewguard.inference.report.folder import write_report

__all__ = ["write_report"]
