"""The manual names all there is, nothing that there is not, and its pages are those of its text."""

import re
import shlex

import pytest

from app.actions import ACTIONS
from app.state.setting_table import SETTINGS
from docs.make_manual import FOLDER, html_page, page_file, source, translator, verbs
from rostfine_core.catalogue import LANGUAGES
from rostfine_core.cli import make_parser
from rostfine_core.flag_titles import FLAG_TITLES

LARGEST_BYTES = 5_000_000
each_language = pytest.mark.parametrize("language", LANGUAGES)


def named(language: str, kind: str) -> list[str]:
    """What the text names by a kind of placeholder."""
    return re.findall(rf"\{{{kind}:(\w+)\}}", source(language))


def commands(language: str) -> list[str]:
    """Every command line in the text."""
    blocks = re.findall(r"^```\n(.*?)^```", source(language), flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("rostfine ")]


@each_language
def test_the_page_is_that_of_the_text(language: str) -> None:
    page = page_file(language).read_text(encoding="utf-8")
    assert page == html_page(language), "run `python -m docs.make_manual`"


@pytest.mark.requirement("R-65")
@each_language
def test_every_action_is_explained_with_its_key(language: str) -> None:
    assert {a.id for a in ACTIONS} - {"quit"} <= set(named(language, "action"))
    tr, page = translator(language), html_page(language)
    for action in ACTIONS:
        row = f"<td>{tr('Actions', action.text)}</td>\n<td><code>{action.shortcut}</code></td>"
        assert row in page


@pytest.mark.requirement("R-37")
@each_language
def test_every_flag_is_explained_once(language: str) -> None:
    assert sorted(named(language, "flag")) == sorted(FLAG_TITLES)


@each_language
def test_every_setting_is_listed(language: str) -> None:
    tr, page = translator(language), html_page(language)
    for setting in SETTINGS:
        assert f"<td>{tr('Settings', setting.label)}</td>" in page


@pytest.mark.requirement("R-65")
@each_language
def test_every_verb_is_explained_and_every_command_is_understood(language: str) -> None:
    page = html_page(language)
    for verb in verbs():
        assert f"<code>{verb}</code>" in page
    for line in commands(language):
        words = shlex.split(line.partition(" > ")[0])[1:]
        if words == ["validate", "--example"]:
            continue  # it prints, and the program ends
        assert make_parser().parse_args(words).run
    for verb in re.findall(r"`rostfine ([a-z][\w-]*)", source(language)):
        assert verb in verbs()


def test_both_languages_say_the_same() -> None:
    english, japanese = LANGUAGES
    for kind in ("action", "flag", "setting"):
        assert set(named(english, kind)) == set(named(japanese, kind))
    plain = [line.replace(" --language ja", "") for line in commands(japanese)]
    assert commands(english) == plain
    pages = [html_page(language).replace("-ja.png", "-en.png") for language in LANGUAGES]
    for part in (r"<h2", r"<tr", r"<li", r'src="([^"]+)"'):
        assert re.findall(part, pages[0]) == re.findall(part, pages[1])


@each_language
def test_pictures_are_there_and_small(language: str) -> None:
    pictures = re.findall(r'src="([^"]+)"', html_page(language))
    assert len(pictures) == len(set(pictures)) > 5
    assert all((FOLDER / picture).is_file() for picture in pictures)
    assert sum(f.stat().st_size for f in FOLDER.rglob("*") if f.is_file()) < LARGEST_BYTES
