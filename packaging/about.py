"""What the installers say of the program: its name, version, and who looks after it."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAME = "rostfine-assist"
TITLE = "RoSTFine Assist"


def version(root: Path = ROOT) -> str:
    """The version of a checkout, from the one place that holds it.

    Raises:
        ValueError: ``rostfine_core/__init__.py`` states none.
    """
    place = root / "rostfine_core" / "__init__.py"
    for statement in ast.parse(place.read_text(encoding="utf-8")).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="__version__")], value=ast.Constant(value=str(v))):
                return v
    raise ValueError(f"{place} states no __version__")


def maintainer() -> str:
    """Who looks after the installers, as ``Name <address>``; the name alone without an address.

    Whoever gives them away writes name and address into ``maintainers`` of pyproject.toml.
    """
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    first = table["project"]["maintainers"][0]
    return f"{first['name']} <{first['email']}>" if "email" in first else str(first["name"])


NO_ADDRESS = (
    "No address of a maintainer is known: whoever gives the installers away adds `email` to "
    "`maintainers` in pyproject.toml."
)
