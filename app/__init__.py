"""The window of RoSTFine Assist: a thin Qt layer over ``rostfine_core``."""
