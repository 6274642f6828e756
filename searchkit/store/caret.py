"""Pointing at a character of what a person wrote."""

from __future__ import annotations


def with_caret(problem: str, text: str, position: int) -> str:
    """The problem, the text around the character at ``position``, and a caret under it."""
    start = max(0, position - 50)
    window = text[start : position + 30]
    shown = "".join(character if character.isprintable() else " " for character in window)
    return f"{problem}\n  {shown}\n  {' ' * (position - start)}^"
