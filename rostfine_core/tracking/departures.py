"""Whether a head that is not seen has left the picture.

Legend: T heads.
"""

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Flags = NDArray[np.bool_]
Real = NDArray[np.float64]

OUTSIDE, NEAR_BORDER, LEFT_MISSES, LEFT_S = 0.25, 1.0, 3, 0.1
"""A head that was heading outwards has left the picture once it is predicted this far outside (in
heads), or was last seen this close to the border and then missed for so many frames and seconds."""


def have_left(
    places: Complex,
    last: Complex,
    *,
    shape: tuple[int, ...],
    diameters: Real,
    missed: NDArray[np.int64],
    unseen_s: Real,
) -> Flags:
    """(T,) whether heads that are not seen have left a picture of ``shape``.

    Args:
        places: (T,) where they should be.
        last: (T,) where they were last seen.
        shape: height and width in pixels.
        diameters: (T,) in pixels.
        missed: (T,) for how many frames they were not seen.
        unseen_s: (T,) for how many seconds.
    """
    now, before = beyond(places, shape), beyond(last, shape)
    waited = (missed >= LEFT_MISSES) & (unseen_s >= LEFT_S)
    near = waited & (before > -NEAR_BORDER * diameters)
    return (now > before) & ((now > OUTSIDE * diameters) | near)


def beyond(places: Complex, shape: tuple[int, ...]) -> Real:
    """(T,) how far ``places`` lie outside the frame; inside it is below zero."""
    height, width = shape
    beyond_x = np.maximum(-0.5 - places.real, places.real - width + 0.5)
    beyond_y = np.maximum(-0.5 - places.imag, places.imag - height + 0.5)
    return np.maximum(beyond_x, beyond_y)
