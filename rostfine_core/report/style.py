"""How a report is to look: the colours of attention, its language and the reader's time."""

from dataclasses import dataclass
from datetime import tzinfo

from rostfine_core.attention import DEFAULT_PAINT, Paint
from rostfine_core.catalogue import saying_in
from rostfine_core.messages import Say


@dataclass(frozen=True, kw_only=True)
class ReportStyle:
    """What of a report is up to its reader.

    ``language`` is one of ``catalogue.LANGUAGES``. Times are shown in ``zone``; None is where this
    machine is.
    """

    paint: Paint = DEFAULT_PAINT
    language: str = "en"
    zone: tzinfo | None = None

    @property
    def say(self) -> Say:
        """Words messages in the report's language."""
        return saying_in(self.language)


DEFAULT_STYLE = ReportStyle()
