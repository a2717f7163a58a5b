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


@dataclass(frozen=True, kw_only=True)
class Look:
    """The look of one microscope's pictures; intensities are shares of the camera's full scale.

    ``absorption`` darkens dense parts; ``halo`` (with ``halo_um``) adds a bright rim outside and a
    dark one inside, a negative one the reverse (the other side of focus); ``outline`` sharpens
    edges; ``blur_um`` is the optical blur in focus; ``texture`` is the faint mottling of the slide;
    ``unevenness`` is the falloff of light across the field; a ``jpeg_quality`` of 0 means no
    compression.
    """

    illumination: Illumination
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


def sample_look(rng: np.random.Generator) -> Look:
    """Draw a random look for one sample's video: mostly bright field, grey or greenish."""
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
    grey = light * np.clip(1 + signal, 0.02, 1.9) * (255 * gain)
    tinted = cv2.merge([grey * np.float32(tint) for tint in look.tint])
    rgb = np.asarray(tinted, dtype=np.float32)
    _add_noise(rgb, look.noise * 255, rng)
    image = np.asarray(cv2.convertScaleAbs(rgb), dtype=np.uint8)
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


def _add_noise(image: NDArray[np.float32], sigma: float, rng: np.random.Generator) -> None:
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
