"""Makes the manual's pages from its Markdown: ``python -m docs.make_manual [--pdf FOLDER]``.

What the program says itself is not written twice: ``{action:open}`` becomes the action's text and
key, ``{flag:video}`` and ``{setting:device}`` their titles, and the blocks ``{actions}``,
``{settings}``, ``{verbs}`` and ``{plan}`` tables of all there are. The pages are committed, so
that the running program needs no Markdown library.
"""

import argparse
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

from app.actions import ACTIONS, MENUS
from app.presentation.manual_pdf import write_manual_pdf
from app.state.setting_table import SETTINGS
from rostfine_core.acceptance.plan import example_plan
from rostfine_core.catalogue import LANGUAGES
from rostfine_core.cli import make_parser
from rostfine_core.flag_titles import FLAG_TITLES

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "resources" / "manual"
STYLE = """
html { font-family: "Open Sans", "Noto Sans JP", system-ui, sans-serif; max-width: 52em;
       margin: 2em auto; padding: 0 1em; line-height: 1.5 }
body { margin: 0 }
table { border-collapse: collapse; margin: 1em 0 }
td, th { border: 1px solid #999; padding: 4px 8px; text-align: left; vertical-align: top }
pre { background: #e8ebee; color: #222; padding: 8px; white-space: pre-wrap }
img { max-width: 100% }
"""
KEYS = {"en": ("action", "key", "what it does"), "ja": ("操作", "キー", "内容")}
SETTING = {"en": ("setting", "meaning"), "ja": ("設定", "意味")}
VERB = {"en": ("verb", "does"), "ja": ("コマンド", "内容")}
PICTURE_PX = 740
PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")
Translate = Callable[[str, str], str]


def source(language: str) -> str:
    """The manual's Markdown as it is written."""
    return (FOLDER / f"{language}.md").read_text(encoding="utf-8")


def page_file(language: str) -> Path:
    """Where the page is kept."""
    return FOLDER / f"{language}.html"


def filled(text: str, language: str) -> str:
    """The Markdown with what the program says in place of each placeholder.

    Raises:
        KeyError: a placeholder names nothing that there is.
    """
    tr = translator(language)
    return PLACEHOLDER.sub(lambda found: _words(found[1], found[2], language, tr), text)


def html_page(language: str) -> str:
    """The page in a language."""
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(filled(source(language), language))
    chapters: list[str] = []
    for token, inside in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            chapters.append(inside.content)
            token.attrSet("id", f"chapter-{len(chapters)}")
        elif token.type == "heading_open":
            title = inside.content
        for picture in token.children or ():
            if picture.type == "image":
                picture.attrSet("width", str(PICTURE_PX))
    body = str(parser.renderer.render(tokens, parser.options, {}))
    start, _, rest = body.partition("</h1>\n")
    entries = (f'<li><a href="#chapter-{n}">{c}</a></li>' for n, c in enumerate(chapters, start=1))
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>\n"
        f"{start}</h1>\n<ul>\n{chr(10).join(entries)}\n</ul>\n{rest}</body></html>\n"
    )


def _words(kind: str, name: str | None, language: str, tr: Translate) -> str:
    """What stands in place of a placeholder."""
    if name is None:
        return {"actions": _actions, "settings": _settings, "verbs": _verbs, "plan": _plan}[kind](
            language, tr
        )
    if kind == "action":
        action = {a.id: a for a in ACTIONS}[name]
        return f"**{tr('Actions', action.text)}** (`{action.shortcut}`)"
    if kind == "flag":
        return f"**{tr('', FLAG_TITLES[name])}**"
    if kind == "setting":
        label = tr("Settings", {s.id: s for s in SETTINGS}[name].label)
        return f"*{label}*" if language == "en" else f"「{label}」"
    raise KeyError(kind)


def _actions(language: str, tr: Translate) -> str:
    parts = []
    for menu in MENUS:
        rows = [
            (tr("Actions", a.text), f"`{a.shortcut}`", tr("Actions", a.tip))
            for a in ACTIONS
            if a.menu == menu
        ]
        name = re.sub(r"\(&\w\)|&", "", tr("Actions", menu))
        parts += [f"**{name}**", _table(KEYS[language], rows)]
    return "\n\n".join(parts)


def _settings(language: str, tr: Translate) -> str:
    rows = [(tr("Settings", s.label), tr("Settings", s.tip)) for s in SETTINGS]
    return _table(SETTING[language], rows)


def _verbs(language: str, _: Translate) -> str:
    return _table(VERB[language], [(f"`{verb}`", text) for verb, text in verbs().items()])


def _plan(_: str, __: Translate) -> str:
    return f"```\n{example_plan().strip()}\n```"


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def verbs() -> dict[str, str]:
    """The verbs of the command line with what their help says."""
    (subparsers,) = (
        action
        for action in make_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return {choice.dest: str(choice.help) for choice in subparsers._choices_actions}


@cache
def _texts(language: str) -> dict[tuple[str, str], str]:
    """The window's and the core's texts by context and English words."""
    file = ROOT / "resources" / "translations" / f"rostfine_{language}.ts"
    return {
        (context.findtext("name", ""), message.findtext("source", "")): message.findtext(
            "translation", ""
        )
        for context in ET.parse(file).getroot().iter("context")
        for message in context.iter("message")
    }


def translator(language: str) -> Translate:
    """Translates a text of a context.

    Raises:
        KeyError: there is no translation.
    """
    if language == "en":
        return lambda context, text: text
    texts = _texts(language)
    return lambda context, text: texts[context, text]


def main(argv: Sequence[str] | None = None) -> None:
    """Write all pages, and as PDF too where a folder is named."""
    parser = argparse.ArgumentParser(description="Makes the manual's pages.")
    parser.add_argument("--pdf", type=Path, metavar="FOLDER", help="write PDFs there")
    folder: Path | None = parser.parse_args(argv).pdf
    for language in LANGUAGES:
        page_file(language).write_text(html_page(language), encoding="utf-8")
        if folder is not None:
            _write_pdf(language, folder / f"manual-{language}.pdf")


def _write_pdf(language: str, file: Path) -> None:
    from app import __main__ as program

    application = program._application()
    translators = program._Translators(application)
    translators.install(language)  # and a font that has its letters
    write_manual_pdf(language, file, application.font())
    translators.remove()


if __name__ == "__main__":
    main()
