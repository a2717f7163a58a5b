"""Marks texts for the translation tool; they are translated when they are shown.

The literal given to ``Message`` needs no mark.
"""


def marked(text: str) -> str:
    """Mark a word or sentence of the core for translation; returns it unchanged."""
    return text


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:  # Qt's own is typed as returning object
    """Mark ``text`` in one of the window's tables for translation in ``context``."""
    return text
