"""What a file is whatever its name says, by its first bytes: so that an error names the kind of the file first."""

from __future__ import annotations

import codecs
import re
import zipfile
from pathlib import Path
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of file that is no text table.

    Attributes:
        name: with its article, as in `a PDF`.
        fix: what to do about it; None where `make try` reads such files.
    """

    name: str
    fix: str | None = None


PARQUET, WORKBOOK = Kind("a Parquet file"), Kind("an Excel workbook")
_ZIP, _OLD_WORKBOOK = (b"PK\x03\x04", b"PK\x05\x06"), b"\xd0\xcf\x11\xe0"
_CSV = "Export the table as CSV."
# Each long enough that no header of a CSV file begins with it: BZh, CDF and PAR1 are possible names of columns.
_MAGIC: dict[bytes, Kind] = {
    rb"PAR1[\x00-\x08\x0e-\x1f]": PARQUET,
    rb"\x1f\x8b": Kind("a file compressed with gzip", "Unpack it: gunzip FILE."),
    rb"BZh[1-9]1AY&SY": Kind("a file compressed with bzip2", "Unpack it: bunzip2 FILE."),
    rb"\xfd7zXZ": Kind("a file compressed with xz", "Unpack it: unxz FILE."),
    rb"\x28\xb5\x2f\xfd": Kind("a file compressed with Zstandard", "Unpack it: unzstd FILE."),
    rb"7z\xbc\xaf|Rar!\x1a|.{257}ustar": Kind("an archive of files", "Unpack it, and name a file of it."),
    rb"%PDF-": Kind("a PDF", _CSV),
    rb"\{\\rtf": Kind("a text document", _CSV),
    rb"\x89PNG|\xff\xd8\xff|GIF8": Kind("a picture", "Give the table that it shows, as CSV."),
    rb"\x89HDF": Kind("an HDF5 file", "Save the table as CSV or Parquet."),
    rb"ARROW1\x00": Kind("a Feather file", "Save the table as Parquet."),
    rb"SQLite format 3\x00": Kind("an SQLite database", _CSV),
    rb"\x93NUMPY": Kind("a NumPy array", "Save it as CSV, with a header."),
    rb"\x80[\x02-\x05][\x95c]": Kind("a pickle of Python", "Save the table as CSV or Parquet."),
    rb"CDF[\x01-\x05]": Kind("a NetCDF file", "Save the series as CSV or Parquet."),
}
_PAGE = "Open it in a browser or a spreadsheet, and save the table as CSV."
# The text at the beginning, without a byte-order mark and blanks.
_TEXT: dict[str, Kind] = {
    r"<!doctype html|<html|<head|<body": Kind("an HTML page", _PAGE),
    r"<table": Kind("an HTML table", _PAGE),
    r"<!--.*<html": Kind("an HTML page", _PAGE),
    # A tag alone may be the name of a column: <DATE>,<OPEN>.
    r"<\?xml|<[a-z!].*</": Kind("XML", _PAGE),
    r"""\{\s*["'}]|\[\s*[\[{]\s*["'{\d-]""": Kind("JSON", "Write it as CSV, with a column per name."),
    r"@relation\s": Kind("an ARFF file", _CSV),
    r"version https://git-lfs": Kind("a pointer of Git LFS", "Get the file itself: git lfs pull."),
    r"outs:\s*- (md5|hash|path):": Kind("a pointer of DVC", "Get the file itself: dvc pull FILE."),
}
_BINARY = Kind("a binary file of an unknown kind", "Save it as CSV, Excel workbook or Parquet.")
_CONTROLS = bytes(each for each in range(32) if each not in b"\t\n\r\f\x1b")
_HEAD = 4096


def of(path: Path) -> Kind | None:
    """Return the kind of a file that is no text; None for text, in any encoding.

    Args:
        path: of a file that exists.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith(_ZIP):
        return _zip(path)
    if head.startswith(_OLD_WORKBOOK):
        return WORKBOOK
    found = next((kind for magic, kind in _MAGIC.items() if re.match(magic, head, re.DOTALL)), None)
    if found is None:
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").decode("latin-1")
        found = next((kind for mark, kind in _TEXT.items() if re.match(mark, text, re.DOTALL | re.IGNORECASE)), None)
    if found is None and len(head.translate(None, _CONTROLS)) < 0.95 * len(head) and wide_encoding(head) is None:
        return _BINARY
    return found if found is None or found.fix is None else found._replace(fix=found.fix.replace("FILE", str(path)))


def wide_encoding(head: bytes) -> str | None:
    """Return the encoding of text with two or four bytes a character; None for any other.

    Args:
        head: the first bytes of a file. Without a mark, UTF-16 of Latin text has a zero in every other byte.
    """
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) < 4:
        return None
    zeros = [head[start::2].count(0) / max(len(head[start::2]), 1) for start in (0, 1)]
    if max(zeros) <= 0.7 or min(zeros) >= 0.1:
        return None
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


def _zip(path: Path) -> Kind:
    """Return the kind of a zip archive, which a workbook is too."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [each.filename for each in archive.infolist() if not each.is_dir()]
    except (zipfile.BadZipFile, OSError):
        return WORKBOOK  # whose reader says what is damaged
    if {"[Content_Types].xml", "mimetype", "content.xml", "xl/workbook.xml"} & set(names):
        return WORKBOOK
    if not names:
        return Kind("an empty zip archive", "Copy the file again.")
    more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    return Kind(f"a zip archive of {names[0]}{more}", f"Unpack it, `unzip {path}`, and name a file of it.")
