"""Files of other kinds under the name of a CSV file, and text that looks like one of them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from pipeline.series import kinds

TABLE = b"date,load\n" + b"".join(b"2019-01-%02d,%d\n" % (day, day % 7) for day in range(1, 32))
RECORDS = [{"date": f"2019-01-{day:02}", "load": day % 7} for day in range(1, 32)]


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return out.getvalue()


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        entry = tarfile.TarInfo("a.csv")
        entry.size = len(TABLE)
        made.addfile(entry, io.BytesIO(TABLE))
    return out.getvalue()


# Content, and the name of the kind.
OTHER_KINDS: dict[str, tuple[bytes, str]] = {
    "page of the web": (b"<!DOCTYPE html>\n<html><body>404</body></html>\n", "an HTML page"),
    "page with a mark": (b"\xef\xbb\xbf\n<HTML>\n<body>a, b, c</body></HTML>\n", "an HTML page"),
    "page with a comment": (b"<!-- made by me -->\n<html>\n<p>a, b</p></html>\n", "an HTML page"),
    "table of the web": (b"<table>\n<tr><td>date</td></tr></table>\n", "an HTML table"),
    "XML": (b"<?xml version='1.0'?>\n<rows>\n</rows>\n", "XML"),
    "XML without a head": (b"<rows>\n<row><date>2019-01-01</date></row>\n</rows>\n", "XML"),
    "JSON": (json.dumps(RECORDS).encode(), "JSON"),
    "JSON in lines": (json.dumps(RECORDS, indent=2).encode(), "JSON"),
    "JSON of an error": (b'{"error": "not found, sorry"}', "JSON"),
    "JSON of lists": (b'{\n  "date": [1, 2],\n  "load": [3, 4]\n}\n', "JSON"),
    "JSON a row": (b"\n".join(json.dumps(each).encode() for each in RECORDS), "JSON"),
    "workbook": (archive(**{"xl/workbook.xml": b"<workbook/>"}), "an Excel workbook"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + bytes(99), "an Excel workbook"),
    "zip": (archive(**{"a.csv": TABLE}), r"a zip archive of a\.csv"),
    "zip of two": (archive(**{"a.csv": TABLE, "b.csv": TABLE}), r"a zip archive of a\.csv and 1 more"),
    "empty zip": (archive(), "an empty zip archive"),
    "Parquet as CSV": (b"PAR1\x15\x04" + bytes(99), "a Parquet file"),
    "gzip": (gzip.compress(TABLE, mtime=0), "a file compressed with gzip"),
    "bzip2": (bz2.compress(TABLE), "a file compressed with bzip2"),
    "xz": (lzma.compress(TABLE), "a file compressed with xz"),
    "tar": (tar(), "an archive of files"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(128, 200)), "a picture"),
    "PDF": (b"%PDF-1.4\n%\xe2\xe3\n", "a PDF"),
    "text document": (rb"{\rtf1\ansi a, b}", "a text document"),
    "database": (b"SQLite format 3\0" + bytes(99), "an SQLite database"),
    "array": (b"\x93NUMPY\x01\0v\0{}\n" + bytes(99), "a NumPy array"),
    # The first bytes that Python writes with protocols 4 and 2.
    "pickle": (b"\x80\x04\x95\xa7\x00\x00\x00\x00\x00\x00\x00\x8c\x16numpy._core.multiarray", "a pickle of Python"),
    "old_pickle": (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n", "a pickle of Python"),
    "ARFF": (b"@RELATION load\n@ATTRIBUTE date DATE\n", "an ARFF file"),
    "pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "a pointer of Git LFS"),
    "pointer of DVC": (b"outs:\n- md5: a304\n  path: mine.csv\n", "a pointer of DVC"),
    "other bytes": (bytes(99) + TABLE, "a binary file of an unknown kind"),
}

TEXT = {
    "a table": TABLE,
    "names in angle brackets": b"<DATE>,<OPEN>\n2019-01-01,5\n",
    "names in brackets": b"[date],[load]\n2019-01-01,5\n",
    "names in braces": b"{date},{load}\n2019-01-01,5\n",
    "names like marks": b"CDF,BZh,PAR1\n1,2,3\n",
    "the name PAR1": b"PAR1,PAR2\n1,2\n",
    "outs": b"outs:,hits\n1,2\n",
    "one null byte": TABLE.replace(b"7", b"\0", 1),
    "UTF-16": TABLE.decode().encode("utf-16"),
    "UTF-16 without a mark": TABLE.decode().encode("utf-16-be"),
    "UTF-32": TABLE.decode().encode("utf-32"),
}


@pytest.mark.parametrize("name", OTHER_KINDS)
def test_the_kind_of_a_file_is_known_by_its_first_bytes(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(OTHER_KINDS[name][0])
    found = kinds.of(path)
    assert found is not None
    assert found.name == OTHER_KINDS[name][1].replace("\\", "")
    assert (found.fix is None) == (found in (kinds.WORKBOOK, kinds.PARQUET))
    assert "FILE" not in (found.fix or "")


@pytest.mark.parametrize("name", TEXT)
def test_text_is_of_no_other_kind(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(TEXT[name])
    assert kinds.of(path) is None


def test_wide_encodings() -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        assert kinds.wide_encoding(TABLE.decode().encode(encoding)) == encoding
    for content in (b"", b"\0", TABLE, bytes(99), TABLE + bytes(9)):
        assert kinds.wide_encoding(content) is None
