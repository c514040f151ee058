"""Text files: encoding, separator, preamble, header and footer."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pipeline.common.errors import UserError
from pipeline.series import counted, kinds
from workflow.tryout.table import Table, make

SEPARATORS = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "bars"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte-order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_SAMPLE = 400  # records that decide on the separator
_TITLES = 40  # rows of titles and of keys with their values above a header
_REMARKS = 5  # rows of sums and remarks below a table
_NUMBER = re.compile(r"[-+]?[\d.,' \u00a0\u202f]*\d[%\d.,eE+-]*")
_DATE = re.compile(r".*\d{1,4}[-./ ]\d{1,2}([-./ T]\d{1,4})?.*|\d{1,2}:\d{2}.*")


def read(path: Path, separator: str | None = None) -> Table:
    """Read a text file of records.

    Args:
        path: of the file.
        separator: between two fields; found out by default.

    Raises:
        UserError: it holds no table.
    """
    text, notes = decoded(path)
    lines = re.split(r"\r\n|\n|\r", text)
    start = 0
    if lines and re.fullmatch(r"sep=.", lines[0].strip()):  # Excel's own mark
        separator, start = separator or lines[0].strip()[-1], 1
    body = [(number + 1, line) for number, line in enumerate(lines) if number >= start]
    if not any(line.strip() for _, line in body):
        raise UserError(str(path), "must hold rows", "blank lines alone", "Copy it again.")
    if separator is None and _are_quoted(line for _, line in body):
        body = [(number, line.strip()[1:-1].replace('""', '"')) for number, line in body]
        notes.append("the quotes around each line are left out")
    if separator is None:
        separator = _separator([line for _, line in body if line.strip()][:_SAMPLE])
    records, places = _records("\n".join(line for _, line in body), separator, start, path)
    if separator is None:
        notes.append("one column")
    else:
        notes.append(f"fields are separated by {SEPARATORS.get(separator, repr(separator))}")
    return replace(table(path, records, places, notes), separator=separator)


def decoded(path: Path) -> tuple[str, list[str]]:
    """Return the text of a file and notes on its encoding."""
    data = path.read_bytes()
    for mark, encoding, name in _BOMS:
        if data.startswith(mark):
            return _decoded(path, data, encoding), [] if encoding == "utf-8-sig" else [f"the encoding is {name}"]
    if wide := kinds.wide_encoding(data[:4096]):
        return _decoded(path, data, wide), ["the encoding is UTF-16"]
    notes: list[str] = []
    if data.endswith(b"\0"):  # of a logger that lost its power
        data, notes = data.rstrip(b"\0"), ["null bytes at the end are left out"]
    if (null := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, null) + 1
        raise UserError(f"{path}, line {line}", "must be text", "a null byte", "Remove it, or export the file again.")
    try:
        return data.decode("utf-8"), notes
    except UnicodeDecodeError:
        pass
    # Words of Latin letters have hardly three accents in a row; Cyrillic, Japanese and Chinese ones have more.
    doubted = re.search(rb"[\x80-\xff]{3}", data)
    doubt = ", by default, which its words do not fit: save the file as UTF-8" if doubted else ""
    try:
        return data.decode("cp1252"), [*notes, f"the encoding is Latin-1 (Windows-1252){doubt}"]
    except UnicodeDecodeError:
        return data.decode("latin-1"), [*notes, f"the encoding is Latin-1{doubt}"]


def _decoded(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(str(path), f"must be {encoding} as its first bytes say", error, "Save it as UTF-8.") from None


def _are_quoted(lines: Iterable[str]) -> bool:
    """Return whether each line stands in quotes as a whole, as after a table was exported as one column."""
    given = [line.strip() for line in lines if line.strip()]
    if not all(len(line) > 1 and line[0] == line[-1] == '"' for line in given):
        return False
    records = list(csv.reader(given))
    return len(records) == len(given) and all(len(record) == 1 and "," in record[0] for record in records)


def _separator(lines: list[str]) -> str | None:
    """Return the separator with which most lines have the same number of fields, more than one; None for none."""
    best: tuple[float, int, str] | None = None
    broken = False
    for separator in SEPARATORS:
        try:
            counts = Counter(len(record) for record in csv.reader(lines, delimiter=separator) if record)
        except csv.Error:
            broken = True
            continue
        # The widest of the common counts: a preamble of single fields may be long.
        width, share = 1, 0.0
        for fields, number in counts.items():
            if fields > 1 and number / sum(counts.values()) > max(share, 0.3):
                width, share = fields, number / sum(counts.values())
        # A decimal comma makes commas regular too: the order of `SEPARATORS` decides between equals.
        if width > 1 and (best is None or share > best[0] + 0.05):
            best = (share, width, separator)
    if best is None and broken:
        return ","  # the records name the line
    if best is None:
        spaced = Counter(len(line.split()) for line in lines)
        fields, number = spaced.most_common(1)[0]
        gaps = sum(1 for line in lines if re.search(r"\S\s{2,}\S", line))
        # A single space separates fields where a number ends each line, and the header has as many words.
        single = len(lines[0].split()) == fields and all(re.search(r"\d$", line) for line in lines[1:])
        regular = number > 0.8 * len(lines) and (gaps > 0.5 * len(lines) or (single and number == len(lines)))
        return " " if fields > 1 and regular else None
    return best[2]


def _records(text: str, separator: str | None, above: int, path: Path) -> tuple[list[list[str]], list[int]]:
    """Return the records that are not blank, and the line of each."""
    if separator is None or separator == " ":
        rows = [(number, line.split() if separator else [line]) for number, line in enumerate(text.split("\n"), 1)]
        kept = [(number + above, [cell.strip().strip('"') for cell in row]) for number, row in rows if any(row)]
        return [row for _, row in kept], [number for number, _ in kept]
    records, places = [], []
    reader, line = csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1
    try:
        for record in reader:
            if any(cell.strip() for cell in record):
                records.append(record)
                places.append(line + above)
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{path}, line {line + above}", "must be CSV", error, "Correct the quotes there.") from None
    return records, places


def table(path: Path, records: list[list[str]], places: list[int], notes: list[str], unit: str = "line") -> Table:
    """Find the header among records, and leave out what stands above and below the table.

    Args:
        path: of the file.
        records: that are not blank.
        places: of the records.
        notes: as of `Table`, like `unit`.
        unit: what `places` count.
    """
    width = Counter(len(record) for record in records).most_common(1)[0][0]
    records = [record if any(cell.strip() for cell in record[width:]) else record[:width] for record in records]
    first = next(i for i, record in enumerate(records) if len(record) == width)
    # A header of one field fewer than the rows, or than those in which a number holds the separator.
    above = next((i for i in range(first, 0, -1) if len(records[i - 1]) != width - 1), 0)
    if above < first and width > 2 and _is_header(records[above]) and not _names_the_rest(records, first):
        first = above
        records[first] = _filled_up(records[first], records[first + 1 :], places[first + 1 :], f"{path}, {unit}")
    first = _names_below_titles(records, first)
    if all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in records[first] if cell):
        records = [[cell.strip("'") for cell in record] for record in records]
    header, skipped = records[first], first
    if skipped:
        notes = [*notes, f"{counted(skipped, 'line')} above the table {'is' if skipped == 1 else 'are'} left out"]
    if _is_header(header) or _names_what_is_below(header, records[first + 1 : first + 4]):
        rows, lines = records[first + 1 :], places[first + 1 :]
    else:
        header, rows, lines = [""] * width, records[first:], places[first:]
        notes = [*notes, "there is no header: the columns are numbered"]
    header = [cell.lstrip("#").strip() if not i else cell for i, cell in enumerate(header)]
    header = header + [""] * (width - len(header))
    rows, lines, notes = _without_repeats(records[first], rows, lines, notes)
    every = list(zip(lines, rows, strict=True))
    rows, lines, notes = _without_units(header, rows, lines, notes)
    units = every[: len(every) - len(rows)]
    wrong = next((i for i, row in enumerate(rows) if len(row) > width and any(row[width:])), None)
    if wrong is not None:
        fix = "Quote text that holds the separator, or remove what is too much."
        rule = f"must have at most as many fields as the header, {width}"
        raise UserError(f"{path}, {unit} {lines[wrong]}", rule, len(rows[wrong]), fix)
    # Lines of another width below the table: sums, remarks.
    end = len(rows)
    while end > 1 and len(rows[end - 1]) < min(width, 3) and len(rows) - end < _REMARKS:
        end -= 1
    if end < len(rows):
        notes = [*notes, f"{counted(len(rows) - end, 'line')} below the table left out"]
    made = make(str(path), header, [row[:width] for row in rows[:end]], lines[:end], unit, notes)
    return replace(made, above=units)


def _is_header(record: list[str]) -> bool:
    """Return whether a record names columns: at least one cell, none of them a number or a date."""
    cells = [cell.strip().lstrip("#").strip() for cell in record if cell.strip()]
    values = sum(map(_is_value, cells))
    return bool(cells) and values <= len(cells) / 2 and not (values and len(cells) <= 2)


def _names_the_rest(records: list[list[str]], row: int) -> bool:
    """Return whether a record holds names alone, above numbers or dates: it is a header."""
    cells = [cell for cell in records[row] if cell.strip()]
    return not any(map(_is_value, cells)) and _names_what_is_below(records[row], records[row + 1 : row + 4])


def _names_below_titles(records: list[list[str]], first: int) -> int:
    """Return the row of the names: spreadsheets fill up titles, and pairs of a key and a value, with empty cells."""
    while first + 1 < len(records) and _is_title(records[first], records[first + 1]):
        first += 1
    widest = 0
    for row in range(first, min(first + _TITLES, len(records))):
        cells = [bool(cell.strip()) for cell in records[row]]
        if row > first and sum(cells) > widest and _names_the_rest(records, row):
            return row
        if sum(cells) == len(cells) or not all(cells[: sum(cells)]):
            break  # a full record, or one with an empty cell before others: not a title
        widest = max(widest, sum(cells))
    return first


def _is_title(record: list[str], below: list[str]) -> bool:
    """Return whether a record is a single text above a header of several names, as spreadsheets write titles."""
    names = [cell for cell in below if cell.strip()]
    return sum(bool(cell.strip()) for cell in record) == 1 and len(names) > 1 and not any(map(_is_value, names))


def _filled_up(header: list[str], rows: list[list[str]], places: list[int], place: str) -> list[str]:
    """Return a header of as many fields as its rows, which have one more.

    The rows end with a separator, or begin with their number or name, to which R's `write.table` gives no name.

    Raises:
        UserError: neither is so. An unquoted 1,234 or 0,5 has a separator too many as well.
    """
    width = len(header) + 1
    full = [row for row in rows if len(row) >= width]
    if not any(row[width - 1].strip() for row in full):
        return [*header, ""]
    names = [row[0].strip() for row in full]
    same = all(len(row) == width for row in rows[:-_REMARKS] if any(row)) and len(set(names)) == len(names)
    if same and not _are_halves([row[-2:] for row in full], _are_counted(names)):
        return ["", *header]
    rule = f"must have as many fields as the header, {len(header)}"
    fix = "Quote the cells that hold the separator, or name the first column in the header."
    raise UserError(f"{place} {places[rows.index(full[0])]}", rule, width, fix)


def _are_counted(names: list[str]) -> bool:
    """Return whether cells count the rows."""
    if not all(re.fullmatch(r"\d{1,15}", name) for name in names):
        return False
    return all(int(name) == int(names[0]) + row for row, name in enumerate(names))


def _are_halves(pairs: list[list[str]], counted: bool) -> bool:
    """Return whether pairs of cells can be numbers that were split at a comma: 1,234 with groups of three, or 0,5.

    Args:
        pairs: the last two cells of each row.
        counted: whether the rows are counted, which alone tells two columns. Then only a group such as 042 speaks
            against it.
    """
    whole = all(re.fullmatch(r"[^\d]{0,4}\d+", left.strip()) for left, _ in pairs)
    groups = all(re.fullmatch(r"\d{3}(\.\d+)?", right.strip()) for _, right in pairs)
    if counted:
        return whole and groups and any(right.strip().startswith("0") for _, right in pairs)
    return whole and (groups or all(re.fullmatch(r"\d*", right.strip()) for _, right in pairs))


def _names_what_is_below(record: list[str], below: list[list[str]]) -> bool:
    """Return whether text stands above cells that are all numbers or dates."""
    return any(
        cell.strip()
        and not _is_value(cell)
        and bool(below)
        and all(i < len(row) and _is_value(row[i]) for row in below)
        for i, cell in enumerate(record)
    )


def _is_value(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell.strip()) or _DATE.fullmatch(cell.strip()))


def _without_repeats(
    header: list[str], rows: list[list[str]], lines: list[int], notes: list[str]
) -> tuple[list[list[str]], list[int], list[str]]:
    """Leave out the header where it is repeated among the rows, as where files were put below each other."""
    kept = [i for i, row in enumerate(rows) if row != header]
    if len(kept) == len(rows) or not _is_header(header):
        return rows, lines, notes
    left = f"{counted(len(rows) - len(kept), 'repeat')} of the header left out"
    return [rows[i] for i in kept], [lines[i] for i in kept], [*notes, left]


def _without_units(
    header: list[str], rows: list[list[str]], lines: list[int], notes: list[str]
) -> tuple[list[list[str]], list[int], list[str]]:
    """Leave out rows of units below the header: text in columns that hold numbers everywhere else.

    A row with a time or a number is one of data, whose numbers may be missing. There are two such rows, and no more,
    where libraries write a table of several headers: one of tickers, and one that names the times alone.
    """
    for _ in range(2):
        before = len(rows)
        rows, lines, notes = _without_one(header, rows, lines, notes)
        if len(rows) == before:
            break
    return rows, lines, notes


def _without_one(
    header: list[str], rows: list[list[str]], lines: list[int], notes: list[str]
) -> tuple[list[list[str]], list[int], list[str]]:
    if len(rows) < 5 or any(_is_value(cell) for cell in rows[0]):
        return rows, lines, notes
    numeric = [
        i
        for i in range(len(header))
        if all(
            i < len(row) and _NUMBER.fullmatch(row[i].strip()) for row in rows[2:5] if i < len(row) and row[i].strip()
        )
        and any(i < len(row) and row[i].strip() for row in rows[2:5])
    ]
    top = [rows[0][i].strip() if i < len(rows[0]) else "" for i in numeric]
    if numeric and any(top):
        return (
            rows[1:],
            lines[1:],
            [*notes, f"a row of units is left out: {' '.join(cell for cell in top if cell)[:60]}"],
        )
    return rows, lines, notes
