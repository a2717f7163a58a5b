"""The languages of reports: the window's own catalogue of translations, read without Qt."""

import xml.etree.ElementTree as ET
from functools import cache

from rostfine_core.bundled import bundled_path
from rostfine_core.messages import Say, say_by

LANGUAGES = ("en", "ja")
"""English, which everything is written in, and the languages that there are translations to."""


def saying_in(language: str) -> Say:
    """What words messages in one of ``LANGUAGES``.

    Raises:
        StoreError: the installation lacks its catalogue.
    """
    if language == "en":
        return str
    translations = _translations(language)
    return say_by(lambda template: translations.get(template, template))


@cache
def _translations(language: str) -> dict[str, str]:
    """Every text of the core, which stand in the context without a name, and its translation."""
    catalogue = ET.parse(bundled_path(f"resources/translations/rostfine_{language}.ts"))
    return {
        message.findtext("source", ""): message.findtext("translation", "")
        for context in catalogue.getroot().iter("context")
        if not context.findtext("name")
        for message in context.iter("message")
    }
