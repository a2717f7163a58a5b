"""Reads videos from containers, TIFF stacks and image folders, with exact seeking; writes videos.

Frame ``k`` is the same picture whether it is streamed or sought. A picture's number is its place in
display order among the frames that the file really holds, whatever the header claims.
"""

from rostfine_core.video.choice import PlaneChoice
from rostfine_core.video.encode import default_codec, write_video
from rostfine_core.video.frame import DecodedFrame
from rostfine_core.video.video import Video, open_video, opening_video, probe

__all__ = [
    "DecodedFrame",
    "PlaneChoice",
    "Video",
    "default_codec",
    "open_video",
    "opening_video",
    "probe",
    "write_video",
]
