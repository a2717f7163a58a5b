"""Reasons to doubt an assessment: what was measured of the head, the track and the video."""
