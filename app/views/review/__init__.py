"""One sperm at a time: list, timeline, film strip, grade, motion and flags."""
