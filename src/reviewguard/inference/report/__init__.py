"""Writes an audit down: a page, a spreadsheet, JSON lines, and a few lines for the terminal."""
