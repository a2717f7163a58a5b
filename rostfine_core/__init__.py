"""RoSTFine Assist's core: tracking, grading, explaining and reporting sperm, without a window."""

from importlib.metadata import version

__version__ = version("rostfine-assist")
