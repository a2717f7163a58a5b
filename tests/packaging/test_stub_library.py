"""The stand-in for a library that may not be given away."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
MINGW = "x86_64-w64-mingw32-gcc"
REAL = """
int x264_levels[7] = {1, 2, 3};
int x264_encoder_open_165(void) { return 7; }
int other(void) { return 7; }
"""
SCRIPT = "from pathlib import Path; from stub_library import compile_stub; import sys;"
COMPILE = "print(compile_stub(Path(sys.argv[1]), Path(sys.argv[2])))"

pytestmark = pytest.mark.skipif(
    shutil.which("readelf") is None or shutil.which("gcc") is None,
    reason="the program is built with binutils and gcc, which are not installed",
)


def test_a_stand_in_has_name_and_symbols_and_refuses(tmp_path: Path) -> None:
    source, real = tmp_path / "real.c", tmp_path / "libx264-d65.so.165"
    source.write_text(REAL)
    soname = f"-Wl,-soname,{real.name}"
    subprocess.run(["gcc", "-shared", "-fPIC", soname, "-o", real, source], check=True)
    command = [sys.executable, "-c", SCRIPT + COMPILE, str(real), str(tmp_path / "stubs")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PACKAGING)
    stub = Path(done.stdout.strip())
    assert stub == tmp_path / "stubs" / real.name
    assert stub.stat().st_size < 20_000
    library = ctypes.CDLL(str(stub))
    assert library.x264_encoder_open_165() == 0
    assert list((ctypes.c_int * 7).in_dll(library, "x264_levels")) == [0] * 7
    assert not hasattr(library, "other")
    told = subprocess.run(["readelf", "-d", stub], capture_output=True, text=True, check=True)
    assert f"soname: [{real.name}]" in told.stdout


@pytest.mark.skipif(shutil.which(MINGW) is None, reason="MinGW is not installed")
def test_a_stand_in_for_windows_has_the_names_too(tmp_path: Path) -> None:
    source, real = tmp_path / "real.c", tmp_path / "libx264-165-f3a9.dll"
    source.write_text(REAL)
    subprocess.run([MINGW, "-shared", "-o", real, source], check=True)
    command = [sys.executable, "-c", SCRIPT + COMPILE, str(real), str(tmp_path / "stubs")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PACKAGING)
    stub = Path(done.stdout.strip())
    assert stub.stat().st_size < 20_000
    told = subprocess.run(["objdump", "-p", stub], capture_output=True, text=True, check=True)
    names = told.stdout.partition("[Ordinal/Name Pointer] Table")[2].partition("\n\n")[0]
    assert "x264_encoder_open_165" in names
    assert "x264_levels" in names
    assert "other" not in names
