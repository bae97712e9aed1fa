"""Zip files, read without belief in what they say: no entry unpacks to more than it declares."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from dataclasses import dataclass

MOST_ENTRIES = 1000
"""Entries of a zip; a run has four and an npz has a dozen."""

_ENTRY, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_ENCRYPTED = 0x1
_SYMLINK, _KIND = 0o120000, 0o170000
_MOST_DICTIONARY = 1 << 24
"""Bytes of memory that an LZMA stream may ask for; Python's own asks for half of that."""

_BROKEN = (
    zipfile.BadZipFile,
    ValueError,
    NotImplementedError,
    EOFError,
    OSError,
    IndexError,
    struct.error,
)
"""What zipfile raises where a directory of entries is damaged."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A file in a zip, not unpacked yet.

    Args:
        name: as the zip has it.
        size: bytes that it declares to unpack to.
        checksum: CRC-32 of those bytes.
        method: how it is packed, as in `zipfile`.
        packed: bytes in the zip.
        is_link: whether it is a symbolic link.
    """

    name: str
    size: int
    checksum: int
    method: int
    packed: memoryview
    is_link: bool

    def content(self) -> bytes:
        """Return the bytes of the file.

        Raises:
            ValueError: they are damaged, or not as many as declared.
        """
        content = self.beginning(self.size + 1)
        if len(content) != self.size:
            raise ValueError(
                f"{self.name} should unpack to {self.size:,} bytes as it declares, does not"
            )
        if zlib.crc32(content) != self.checksum:
            raise ValueError(f"{self.name} is damaged")
        return content

    def beginning(self, count: int) -> bytes:
        """Return the first bytes of the file, `count` of them or fewer.

        No more than those are unpacked.

        Raises:
            ValueError: they are damaged, or packed in a way that no run is.
        """
        try:
            if self.method == zipfile.ZIP_STORED:
                return bytes(self.packed[:count])
            if self.method == zipfile.ZIP_DEFLATED:
                return zlib.decompressobj(-zlib.MAX_WBITS).decompress(self.packed, count)
            if self.method == zipfile.ZIP_LZMA:
                return _lzma(self.packed).decompress(self.packed[9:], count)
        except (zlib.error, lzma.LZMAError, EOFError) as error:
            raise ValueError(f"{self.name} is damaged ({error})") from error
        raise ValueError(
            f"{self.name} should be stored, deflated or packed by LZMA, is packed by method"
            f" {self.method}"
        )


def entries_of(content: bytes) -> list[Entry]:
    """Return the files of a zip, none unpacked; folders are left out.

    Raises:
        ValueError: it is no zip, is damaged, has too many entries, or has one that needs a
            password.
    """
    # zipfile makes an object of every entry, whatever their number, so they are counted first.
    if content.count(_ENTRY) > MOST_ENTRIES:
        raise ValueError(f"a zip should have at most {MOST_ENTRIES:,} entries, has more")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = [entry for entry in archive.infolist() if not entry.is_dir()]
    except _BROKEN as error:
        raise ValueError(f"it is not a whole zip ({type(error).__name__})") from error
    return [_entry(content, one) for one in found]


def _entry(content: bytes, found: zipfile.ZipInfo) -> Entry:
    if found.flag_bits & _ENCRYPTED:
        raise ValueError(f"{found.filename} should need no password, needs one")
    return Entry(
        name=found.filename,
        size=found.file_size,
        checksum=found.CRC,
        method=found.compress_type,
        packed=_packed(content, found),
        is_link=(found.external_attr >> 16) & _KIND == _SYMLINK,
    )


def _packed(content: bytes, found: zipfile.ZipInfo) -> memoryview:
    """Return the packed bytes of an entry. Source: PKWARE's APPNOTE.TXT 6.3.10, section 4.3.7."""
    start = found.header_offset
    fixed = content[start : start + 30] if start >= 0 else b""
    if len(fixed) != 30 or not fixed.startswith(_LOCAL):
        raise ValueError(f"{found.filename} does not begin where the zip says")
    name, extra = struct.unpack("<HH", fixed[26:])
    begin = start + 30 + name + extra
    packed = memoryview(content)[begin : begin + found.compress_size]
    if len(packed) != found.compress_size:
        raise ValueError(f"{found.filename} is cut short")
    return packed


def _lzma(packed: memoryview) -> lzma.LZMADecompressor:
    """Return what unpacks an LZMA entry. Source: PKWARE's APPNOTE.TXT 6.3.10, section 5.8.8."""
    if len(packed) < 9:
        raise lzma.LZMAError("it is cut short")
    size, coded, dictionary = struct.unpack("<HBI", packed[2:9])
    if size != 5 or dictionary > _MOST_DICTIONARY:
        raise lzma.LZMAError(f"it asks for {dictionary:,} bytes of memory")
    pb, rest = divmod(coded, 45)
    lp, lc = divmod(rest, 9)
    settings = {"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": lc, "lp": lp, "pb": pb}
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings])
