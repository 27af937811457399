"""What an executable of Linux says of itself."""

from __future__ import annotations

import struct

from lint502.lab.bench import LabError


def loader_of(binary: bytes) -> str:
    """The file name of the loader that an executable asks for (elf(5), ``PT_INTERP``)."""
    if binary[:4] != b"\x7fELF":
        raise LabError("the nginx of the package is not an executable of Linux")
    order = "<" if binary[5] == 1 else ">"
    if binary[4] == 2:  # 64 bits
        (start,) = struct.unpack_from(f"{order}Q", binary, 32)
        size, count = struct.unpack_from(f"{order}HH", binary, 54)
        entry = f"{order}I4xQ16xQ"
    else:
        (start,) = struct.unpack_from(f"{order}I", binary, 28)
        size, count = struct.unpack_from(f"{order}HH", binary, 42)
        entry = f"{order}II8xI"
    for number in range(count):
        kind, offset, length = struct.unpack_from(entry, binary, start + number * size)
        if kind == 3:
            name = binary[offset : offset + length].rstrip(b"\0")
            return name.decode("ascii", "replace").rpartition("/")[2]
    raise LabError("the nginx of the package asks for no loader")
