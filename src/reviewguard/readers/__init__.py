"""Readers: one module per input format, each giving messages."""
