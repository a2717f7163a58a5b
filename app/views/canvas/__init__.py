"""The video with its tracks, crops and attention, and the magnifier at the pointer."""
