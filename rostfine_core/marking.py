"""The marks that the translators' tool looks for; texts are translated when they are shown.

The literal that makes a ``Message`` needs none of them.
"""


def marked(text: str) -> str:
    """Mark a word or sentence of the core for translation; it is returned as it is."""
    return text


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:  # Qt's own is typed as returning object
    """Mark ``text`` of a table of the window for translation in ``context``."""
    return text
