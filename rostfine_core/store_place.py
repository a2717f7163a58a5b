"""Where the case store lies: the user's data folder, unless another place was chosen.

Window and command line go by the same choice, which is kept in that folder for this user alone: the
URL of a PostgreSQL database may hold a password.
"""

import os
import sys
from pathlib import Path

from rostfine_core.errors import StoreError
from rostfine_core.messages import Message

PLACE_VARIABLE = "ROSTFINE_STORE"
"""The environment variable that names another place for one run."""
_PROGRAM = "RoSTFine Assist"


def data_folder() -> Path:
    """Where the system keeps what a program remembers for a user."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / _PROGRAM
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / _PROGRAM
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / _PROGRAM


def usual_place() -> str:
    """The folder or URL of the store that is used unless one is named.

    Raises:
        StoreError: what was chosen cannot be read.
    """
    named = os.environ.get(PLACE_VARIABLE, "")
    return named or chosen_place() or str(data_folder() / "cases")


def chosen_place() -> str:
    """The folder or URL that the user chose; "" for none.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        return _file().read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            Message("Cannot read {path}: delete it and choose the store again.", path=_file())
        ) from error


def choose_place(place: str) -> None:
    """Use another store from now on; "" for the usual one.

    Raises:
        StoreError: the choice cannot be kept.
    """
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(place.strip() + "\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            Message(
                "Cannot write {path} ({reason}): ask for the right to change it.",
                path=file,
                reason=error.strerror or str(error),
            )
        ) from error


def _file() -> Path:
    return data_folder() / "store.txt"
