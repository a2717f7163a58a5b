"""How the microscope and camera shape the picture, in bright field and phase contrast."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

TEXTURE_SIZE_PX = 512
NOISE_VALUES = 1 << 21


class Illumination(StrEnum):
    """The kinds of illumination."""

    BRIGHT_FIELD = "bright_field"
    PHASE_CONTRAST = "phase_contrast"


class LookFamily(StrEnum):
    """Kinds of pictures: of a good research microscope, or of an everyday one and its camera.

    ``NEGATIVE`` is negative phase contrast, bright sperm on darker ground, as sperm analysers use
    it. It is only made when asked for: a look that the demonstration model has never seen.
    """

    CLEAN = "clean"
    CAMERA = "camera"
    NEGATIVE = "negative"


@dataclass(frozen=True, kw_only=True)
class Look:
    """The look of one microscope's pictures; intensities are shares of the camera's full scale.

    ``absorption`` darkens dense parts; ``halo`` (with ``halo_um``) adds a bright rim outside and a
    dark one inside, a negative one the reverse (the other side of focus); ``outline`` sharpens
    edges; ``blur_um`` is the optical blur in focus; ``texture`` is the faint mottling of the slide;
    ``unevenness`` is the falloff of light across the field; a ``jpeg_quality`` of 0 means no
    compression.

    The rest are faults that a clean picture has none of. ``relief`` lights edges from one side
    (``light_angle_rad``); ``tail_contrast`` weakens tails and necks. ``fringe_px`` (x, y) is how
    far red lies from green, and blue on the other side; ``colour_blur_px`` blurs red and blue more
    than green, and ``colour_gain`` makes what they show stronger or weaker. ``grain_px`` is the
    size (sigma) of the noise's grain, ``colour_noise`` is coarse noise in colour alone.
    ``contrast`` and ``gamma`` stretch the finished picture. With ``is_interlaced`` odd lines are
    half a frame later than even ones.
    """

    illumination: Illumination
    family: LookFamily = LookFamily.CLEAN
    level: float = 0.6
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    absorption: float = 0.45
    halo: float = 0.4
    halo_um: float = 0.9
    outline: float = 0.4
    blur_um: float = 0.16
    texture: float = 0.012
    unevenness: float = 0.1
    light_angle_rad: float = 0.0
    noise: float = 0.012
    jpeg_quality: int = 0
    relief: float = 0.0
    tail_contrast: float = 1.0
    fringe_px: tuple[float, float] = (0.0, 0.0)
    colour_blur_px: tuple[float, float] = (0.0, 0.0)
    colour_gain: tuple[float, float] = (1.0, 1.0)
    grain_px: float = 0.0
    colour_noise: float = 0.0
    contrast: float = 1.0
    gamma: float = 1.0
    is_interlaced: bool = False


def sample_look(rng: np.random.Generator, *, family: LookFamily = LookFamily.CLEAN) -> Look:
    """Draw a random look for one sample's video: mostly bright field."""
    if family is LookFamily.NEGATIVE:
        # A negative contrast turns the finished picture about the brightness of its ground.
        return replace(
            _clean_look(rng),
            level=rng.uniform(0.3, 0.45),
            tint=(1.0, 1.0, 1.0),  # of a grey camera
            contrast=-rng.uniform(0.8, 1.2),
        )
    return _clean_look(rng) if family is LookFamily.CLEAN else _camera_look(rng)


def _clean_look(rng: np.random.Generator) -> Look:
    """A look without faults, grey or greenish."""
    phase = rng.random() < 0.25
    look = Look(
        illumination=Illumination.PHASE_CONTRAST if phase else Illumination.BRIGHT_FIELD,
        level=rng.uniform(0.48, 0.72),
        tint=_sample_tint(rng),
        absorption=rng.uniform(0.3, 0.55),
        halo=rng.uniform(0.4, 1.2),
        halo_um=rng.uniform(0.32, 0.6),
        outline=rng.uniform(0.2, 1.2),
        blur_um=rng.uniform(0.13, 0.22),
        texture=rng.uniform(0.006, 0.018),
        unevenness=rng.uniform(0.0, 0.2),
        light_angle_rad=rng.uniform(0, 2 * np.pi),
        noise=rng.uniform(0.004, 0.016),
        jpeg_quality=int(rng.integers(70, 96)) if rng.random() < 0.6 else 0,
    )
    if not phase:
        return look
    return replace(
        look,
        level=rng.uniform(0.35, 0.55),
        absorption=rng.uniform(0.4, 0.6),
        halo=rng.uniform(0.8, 1.5),
        halo_um=rng.uniform(0.5, 0.9),
    )


def _camera_look(rng: np.random.Generator) -> Look:
    """A look with the faults that real clips have, in all strengths up to the worst ones."""
    compressed, one_sided = rng.random() < 0.85, rng.random() < 0.4
    fringed, grainy = rng.random() < 0.6, rng.random() < 0.8
    return replace(
        _clean_look(rng),
        family=LookFamily.CAMERA,
        level=rng.uniform(0.35, 0.8),
        tint=(rng.uniform(0.88, 1.03), 1.0, rng.uniform(0.86, 1.05)),
        absorption=rng.uniform(0.2, 0.5),
        halo=rng.uniform(0.3, 1.8),
        halo_um=rng.uniform(0.3, 0.8),
        outline=rng.uniform(0.0, 1.0),
        blur_um=rng.uniform(0.16, 0.38),
        texture=rng.uniform(0.006, 0.03),
        unevenness=rng.uniform(0.0, 0.4),
        noise=rng.uniform(0.003, 0.02),
        jpeg_quality=int(rng.integers(25, 71)) if compressed else 0,
        relief=rng.uniform(0.05, 0.5) if one_sided else 0.0,
        tail_contrast=rng.uniform(0.25, 0.85),
        fringe_px=tuple(rng.normal(0, 0.6, 2).tolist()) if fringed else (0.0, 0.0),
        colour_blur_px=tuple(rng.uniform(0, 1.5, 2).tolist()) if fringed else (0.0, 0.0),
        colour_gain=tuple(rng.normal(1, 0.12, 2).tolist()) if fringed else (1.0, 1.0),
        grain_px=rng.uniform(0.4, 1.2) if grainy else 0.0,
        colour_noise=rng.uniform(0.004, 0.035) if grainy else 0.0,
        contrast=math.exp(rng.normal(-0.1, 0.2)),
        gamma=math.exp(rng.normal(0, 0.2)),
        is_interlaced=bool(rng.random() < 0.15),
    )


def light_field(
    look: Look,
    *,
    left_px: int,
    top_px: int,
    width_px: int,
    height_px: int,
    field_px: tuple[int, int],
) -> NDArray[np.float32]:
    """The background's brightness (H, W) in a window of a field of ``field_px`` (width, height)."""
    x = (np.arange(left_px, left_px + width_px, dtype=np.float32) / field_px[0] - 0.5) * 2
    y = (np.arange(top_px, top_px + height_px, dtype=np.float32) / field_px[1] - 0.5) * 2
    slope_x, slope_y = 0.4 * math.cos(look.light_angle_rad), 0.4 * math.sin(look.light_angle_rad)
    across = look.level * (1 + look.unevenness * (slope_x * x - 0.35 * x**2))
    down = look.level * look.unevenness * (slope_y * y - 0.35 * y**2)
    return np.asarray(across[None] + down[:, None], dtype=np.float32)


def texture_window(
    *, left_px: int, top_px: int, width_px: int, height_px: int
) -> NDArray[np.float32]:
    """The slide's faint mottling (H, W), with standard deviation 1, repeating every 512 pixels."""
    top, left = top_px % TEXTURE_SIZE_PX, left_px % TEXTURE_SIZE_PX
    texture = _texture()
    if max(top + height_px, left + width_px) <= len(texture):
        return texture[top : top + height_px, left : left + width_px]
    rows = np.arange(top, top + height_px) % TEXTURE_SIZE_PX
    columns = np.arange(left, left + width_px) % TEXTURE_SIZE_PX
    return np.asarray(texture[np.ix_(rows, columns)])


def expose(
    signal: NDArray[np.float32],
    *,
    light: NDArray[np.float32],
    look: Look,
    rng: np.random.Generator,
    gain: float = 1.0,
) -> NDArray[np.uint8]:
    """Turn a relative signal (H, W; 0 is background) into a noisy RGB frame (H, W, 3)."""
    greys = [
        light * np.clip(1 + part, 0.02, 1.9) * (255 * gain) for part in _in_colours(signal, look)
    ]
    tinted = cv2.merge([greys[k % len(greys)] * np.float32(t) for k, t in enumerate(look.tint)])
    rgb = np.asarray(tinted, dtype=np.float32)
    _add_noise(rgb, look, rng)
    image = np.asarray(cv2.convertScaleAbs(rgb), dtype=np.uint8)
    if look.contrast != 1 or look.gamma != 1:
        image = np.asarray(cv2.LUT(image, _stretch(look)), dtype=np.uint8)
    return compress(image, look.jpeg_quality) if look.jpeg_quality else image


def compress(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Add the artefacts of lossy compression (JPEG at ``quality``, chroma halved)."""
    _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), dtype=np.uint8)


def _sample_tint(rng: np.random.Generator) -> tuple[float, float, float]:
    greenish = rng.random() < 0.4
    red, green, blue = (0.93, 1.06, 0.9) if greenish else (0.98, 1.0, 0.97)
    red, green, blue = (value + rng.normal(0, 0.012) for value in (red, green, blue))
    return (float(red), float(green), float(blue))


def _in_colours(signal: NDArray[np.float32], look: Look) -> list[NDArray[np.float32]]:
    """The signal (H, W) as red, green and blue see it; once where they see the same."""
    if not (any(look.fringe_px) or any(look.colour_blur_px)):
        return [signal]
    red, blue = (
        cv2.sepFilter2D(
            signal,
            -1,
            _shifting_blur(side * look.fringe_px[0], blur_px) * gain,
            _shifting_blur(side * look.fringe_px[1], blur_px),
            borderType=cv2.BORDER_REPLICATE,
        )
        for side, blur_px, gain in zip((1, -1), look.colour_blur_px, look.colour_gain, strict=True)
    )
    return [np.asarray(red, np.float32), signal, np.asarray(blue, np.float32)]


def _shifting_blur(shift_px: float, blur_px: float) -> NDArray[np.float64]:
    """A kernel that blurs, by 0.4 px at least, and moves by a part of a pixel."""
    sigma = max(blur_px, 0.4)
    reach = math.ceil(2.5 * sigma + abs(shift_px))
    weights = np.exp(-(((np.arange(-reach, reach + 1) + shift_px) / sigma) ** 2) / 2)
    return np.asarray(weights / weights.sum())


def _stretch(look: Look) -> NDArray[np.uint8]:
    """What the finished picture's values (256) become."""
    shares = (np.arange(256) / 255) ** look.gamma
    middle = look.level**look.gamma
    return np.asarray(
        np.clip(255 * (middle + look.contrast * (shares - middle)), 0, 255), dtype=np.uint8
    )


def _add_noise(image: NDArray[np.float32], look: Look, rng: np.random.Generator) -> None:
    """Add the camera's noise to (H, W, 3): in each value alone, or as grain and coarse colour."""
    if look.grain_px == 0:
        _add_values(image, look.noise * 255, rng)
        return
    height, width = image.shape[:2]
    grain = np.zeros((height, width), dtype=np.float32)
    _add_values(grain, 1.0, rng)
    kernel = cv2.getGaussianKernel(2 * math.ceil(2.5 * look.grain_px) + 1, look.grain_px)
    # Blurred noise is weaker by the sum of the squared kernel, in both directions together.
    grain = np.asarray(
        cv2.sepFilter2D(grain, -1, kernel, kernel * look.noise * 255 / float((kernel**2).sum()))
    )
    colour = np.zeros(((height + 1) // 2, (width + 1) // 2, 3), dtype=np.float32)
    _add_values(colour, look.colour_noise * 255, rng)
    image += cv2.resize(colour, (width, height), interpolation=cv2.INTER_LINEAR)
    image += grain[:, :, None]


def _add_values(image: NDArray[np.float32], sigma: float, rng: np.random.Generator) -> None:
    """Add noise cut at random positions from a bank, which is faster than drawing new noise."""
    bank = _noise_bank()
    rows = max(min(len(image), NOISE_VALUES // 4 // image[0].size), 1)
    for top in range(0, len(image), rows):
        band = image[top : top + rows]
        start = int(rng.integers(NOISE_VALUES - band.size))
        noise = bank[start : start + band.size].reshape(band.shape)
        cv2.scaleAdd(noise, sigma, band, dst=band)


@lru_cache(maxsize=1)
def _noise_bank() -> NDArray[np.float32]:
    return np.random.default_rng(20240115).standard_normal(NOISE_VALUES, dtype=np.float32)


@lru_cache(maxsize=1)
def _texture() -> NDArray[np.float32]:
    rng = np.random.default_rng(20240116)
    size = TEXTURE_SIZE_PX
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]) * size
    # Mottling of about 8 to 60 pixels, like dirt on the slide that is out of focus.
    weight = np.exp(-((frequency / 45) ** 2)) * (frequency > 8) / np.sqrt(frequency + 1)
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) * weight
    texture = np.fft.irfft2(spectrum, s=(size, size))
    # With half a period added on each axis, most windows are plain slices.
    return np.asarray(np.pad(texture / texture.std(), (0, size // 2), "wrap"), dtype=np.float32)
