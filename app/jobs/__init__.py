"""Long jobs in worker threads: the runner, and the tasks that it runs.

A task is a generator, composed from the core, which it imports inside: reading video, tracking and
above all torch take longer to import than the window may take to appear.
"""
