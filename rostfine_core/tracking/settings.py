"""The numbers that the tracker works with, in units of the head and of time, not of the video."""

from dataclasses import dataclass

from rostfine_core.errors import TrackingError


@dataclass(frozen=True, kw_only=True)
class TrackerSettings:
    """How sperm are searched, told apart and given up.

    Lengths are in *working pixels*: every head is looked at with its own magnification, at which
    it is about ``head_size`` pixels across (the video is halved until it is, never enlarged), so
    that one set of numbers serves 4 px and 40 px heads alike.
    """

    head_size: float = 4.5
    """Diameter of a head in working pixels."""
    template_size: int = 11
    """Side of the templates (odd): the head, its halo and the neck."""
    template_spread: float = 3.0
    """Standard deviation of the Gaussian weight over the template."""
    search_radius: int = 18
    """How far from the predicted place a head is looked for: more than three head lengths."""
    renewal: float = 0.1
    """Share of the renewed template that each well-seen frame replaces."""
    min_strength: float = 0.35
    """Weakest peak that is a candidate, as a share of the head's usual strength."""
    min_score: float = 0.45
    """Lowest correlation with which a peak can be the head."""
    min_score_again: float = 0.65
    """Lowest correlation with which a lost head is taken for found again."""
    predict_s: float = 0.5
    """How long a head that is not seen is predicted before it is called lost."""
    search_lost_s: float = 1.0
    """How long a lost head is still looked for around its predicted place."""

    def __post_init__(self) -> None:
        """Refuse settings that no search can work with."""
        if self.template_size % 2 == 0 or self.template_size < 5 or self.search_radius < 4:
            raise TrackingError(
                f"The tracker cannot use a template of {self.template_size} and a search radius of "
                f"{self.search_radius} working pixels: choose an odd template from 5 on and a "
                "radius from 4 on."
            )

    @property
    def window_size(self) -> int:
        """Side of the search window in working pixels: template positions plus the template."""
        return 2 * self.search_radius + self.template_size
