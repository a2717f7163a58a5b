"""Videos from containers, TIFF stacks and image folders: probed, streamed and sought exactly.

Frame ``k`` is the same picture whether it is reached by streaming or by seeking. The picture's
number is its place in display order among the frames the file really holds; header counts are
never trusted.
"""

from rostfine_core.video.choice import PlaneChoice
from rostfine_core.video.encode import write_video
from rostfine_core.video.frame import DecodedFrame
from rostfine_core.video.player import Video, open_video, probe

__all__ = ["DecodedFrame", "PlaneChoice", "Video", "open_video", "probe", "write_video"]
