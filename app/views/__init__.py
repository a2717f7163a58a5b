"""The widgets: they show the session and emit requests, and never compute."""
