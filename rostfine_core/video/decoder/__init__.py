"""Reads videos in a process of its own, so that native code that crashes takes nothing along."""

from rostfine_core.video.decoder.remote_source import RemoteSource, opening_source

__all__ = ["RemoteSource", "opening_source"]
