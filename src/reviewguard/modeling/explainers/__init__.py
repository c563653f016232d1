"""Explanation methods of the field beside ours: each scores a message's words, through one interface."""
