"""The languages of reports, from the window's translation files, read without Qt."""

import xml.etree.ElementTree as ET
from functools import cache

from rostfine_core.bundled import bundled_path
from rostfine_core.messages import Say, say_by

LANGUAGES = ("en", "ja")
"""English, in which everything is written, and the languages it is translated into."""


def saying_in(language: str) -> Say:
    """The function that words messages in one of ``LANGUAGES``.

    Raises:
        StoreError: the installation lacks the translation file.
    """
    if language == "en":
        return str
    translations = _translations(language)
    return say_by(lambda template: translations.get(template, template))


@cache
def _translations(language: str) -> dict[str, str]:
    """Every text of the core and its translation; the core's texts are in the unnamed context."""
    catalogue = ET.parse(bundled_path(f"resources/translations/rostfine_{language}.ts"))
    return {
        message.findtext("source", ""): message.findtext("translation", "")
        for context in catalogue.getroot().iter("context")
        if not context.findtext("name")
        for message in context.iter("message")
    }
