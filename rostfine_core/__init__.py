"""RoSTFine Assist's core: tracking, grading, explaining and reporting sperm, without a window."""

# A constant, because looking it up in the installed package takes a tenth of a start.
__version__ = "0.1.0"
