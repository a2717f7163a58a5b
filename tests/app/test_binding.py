"""The Qt binding in use may be called for hours."""

import sys

import pytest
from PySide6.QtWidgets import QApplication, QWidget

CALLS = 500


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is never freed there")
def test_calls_without_a_result_do_not_use_none_up(qapp: QApplication) -> None:
    """PySide6 6.12.0 takes a reference to None at each such call: the program dies in minutes."""
    widget = QWidget()
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        widget.update()
    assert abs(sys.getrefcount(None) - before) < CALLS / 2
