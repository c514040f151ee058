"""`python -m tools.tried [FILE …]`: try five real files that ship with libraries, and write docs/tried.md.

No part of Flatline was written or tuned for these series. Each is put into the form in which such files arrive, and
tried by `make try` alone, in a copy of the project. Takes about ten minutes; with names of files, only these are tried
anew.
"""

from __future__ import annotations

import importlib.resources
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pipeline.common import errors, files
from pipeline.common.errors import UserError

DOCUMENT = Path("docs/tried.md")
_SHARE = "mpl-data/sample_data/msft.csv"
_HEAD = """# Five files, each by `make try` alone

Written by `python -m tools.tried`. The series ship with libraries; no part of Flatline was written or tuned for them.
Each is put into the form in which such files arrive, and tried without any other command. The lines on the progress of
the run are left out.
"""


class Case(NamedTuple):
    """One file.

    Attributes:
        file: its name.
        about: what it is, and what is unusual about it.
        words: variables of make, beside FILE.
        make: writes it to a path.
    """

    file: str
    about: str
    words: tuple[str, ...]
    make: Callable[[Path], None]


def _german(path: Path) -> None:
    from statsmodels.datasets import elec_equip

    table = elec_equip.load_pandas().data
    lines = ["Umsätze der Elektroindustrie;;", ";;", "Monat;Index;Bemerkung"]
    for month, value in table.iloc[:, 0].items():
        number = f"{value:.2f}".replace(".", ",")
        lines.append(f"01.{month:%m.%Y};{number};vorläufig")
    path.write_bytes("\r\n".join([*lines, ""]).encode("cp1252"))


def _holes(path: Path) -> None:
    import arch.data.wti

    prices = arch.data.wti.load().iloc[:, 0].dropna()
    lines = ["DATE\tWTI", *(f"{day:%m/%d/%Y}\t{value:.2f}" for day, value in prices.items())]
    path.write_bytes("\n".join(lines).encode("utf-16"))


def _parts(path: Path) -> None:
    from statsmodels.datasets import elnino

    table = elnino.load_pandas().data.set_index("YEAR")
    rows = [f"{int(year)}|{month}|{value}" for year, row in table.iterrows() for month, value in row.items()]
    path.write_text("\n".join(["YEAR|MONTH|SST", *rows]) + "\n", encoding="utf-8-sig")


def _workbook(path: Path) -> None:
    import openpyxl
    from statsmodels.datasets import macrodata

    table = macrodata.load_pandas().data
    book = openpyxl.Workbook()
    book.active.title = "About"
    book.active.append(["Quarterly macroeconomic data of the United States"])
    sheet = book.create_sheet("Data")
    for row in (["US macro data"], [], list(table.columns), *table.to_numpy().tolist()):
        sheet.append(row)
    book.save(path)


def _as_it_is(path: Path) -> None:
    with importlib.resources.as_file(
        importlib.resources.files("matplotlib") / "mpl-data/sample_data/msft.csv"
    ) as found:
        shutil.copy(found, path)


CASES = (
    Case(
        "Umsätze Elektro.csv",
        "Monthly turnover of the electrical industry since 1995 (statsmodels), as a German Excel writes it: Latin-1,\n"
        "semicolons, decimal commas, dd.mm.yyyy, lines above the table and a column of remarks.",
        (),
        _german,
    ),
    Case(
        "wti.txt",
        "Daily oil prices since 1986 (arch), with tabs, UTF-16 and month first. Exchanges were closed on holidays:\n"
        "rows are missing.",
        (),
        _holes,
    ),
    Case(
        "elnino.csv",
        "Monthly temperatures of the sea surface since 1950 (statsmodels), with bars, and year and month in columns.",
        (),
        _parts,
    ),
    Case(
        "macro.xlsx",
        "Quarterly data of the United States, 1959 to 2009 (statsmodels): a workbook with two sheets, a title, year\n"
        "and quarter in two columns, and eleven other columns of numbers.",
        ("TARGET=unemp",),
        _workbook,
    ),
    Case(
        "msft.csv",
        "Prices of a share (matplotlib), exactly as shipped: the newest row first, dates as in 19-Sep-03, few rows.",
        ("TARGET=Close",),
        _as_it_is,
    ),
)


def scratch_copy(folder: Path) -> dict[str, str]:
    """Copy the project to a folder, and return the environment to work there."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    for name in listed.splitlines():
        if Path(name).is_file() and not name.startswith(("tests/", "dvc.lock")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, folder / name)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)  # noqa: S607
    (folder / ".venv").mkdir()
    (folder / ".venv/.complete").touch()  # the environment is that of this process
    return os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


def _tried(case: Case, folder: Path, environment: dict[str, str]) -> str:
    """Try one file, and return its section."""
    case.make(folder / case.file)
    shown = " ".join(["make try", f'FILE="{case.file}"' if " " in case.file else f"FILE={case.file}", *case.words])
    before = set(folder.glob("reports/experiments/*.md"))
    command = ["make", "-s", "try", f"FILE={case.file}", "CORES=1", *case.words]
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, cwd=folder, env=environment, **both, text=True, check=False)  # type: ignore[call-overload]  # noqa: S603
    lines = [f"$ {shown}", *printed(done.stdout, folder)]
    text = f"\n## {case.file}\n\n{case.about}\n\n```\n" + "\n".join(lines) + "\n```\n"
    for page in sorted(set(folder.glob("reports/experiments/*.md")) - before):
        quoted = [f"> {line}".rstrip() for line in page.read_text(encoding="utf-8").strip().splitlines()]
        text += f"\nThe page as text, `reports/experiments/{page.name}`:\n\n" + "\n".join(quoted) + "\n"
    return text


def printed(output: str, folder: Path) -> list[str]:
    """Return what `make try` prints, without the progress of the run.

    Args:
        output: stdout and stderr together: its own lines, those of the run, and the verdict or what is wrong.
        folder: the project, whose path is left out.
    """
    lines = [line.replace(f"{folder}/", "") for line in output.strip().splitlines() if not line.startswith("make")]
    progress = [place for place, line in enumerate(lines) if line.startswith(("[", "Using workflow "))]
    return [*lines[: progress[0]], "…", *lines[progress[-1] + 1 :]] if progress else lines


def sections(text: str) -> dict[str, str]:
    """Return the sections of the document by file."""
    parts = re.split(r"(?m)^(?=## )", text)[1:]
    return {part[3:].partition("\n")[0]: f"\n{part.rstrip()}\n" for part in parts}


def main(arguments: list[str]) -> None:
    """Write docs/tried.md."""
    known = [case.file for case in CASES]
    if wrong := [name for name in arguments if name not in known]:
        raise UserError(wrong[0], "must be one of the files", wrong[0], f"They are: {', '.join(known)}.")
    made = sections(DOCUMENT.read_text(encoding="utf-8")) if arguments and DOCUMENT.exists() else {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "flatline"
        environment = scratch_copy(folder)
        for case in CASES:
            if not arguments or case.file in arguments:
                made[case.file] = _tried(case, folder, environment)
                print(made[case.file], flush=True)
    text = "".join([_HEAD, *(made[name] for name in known if name in made)])
    files.write_text(DOCUMENT, text)


if __name__ == "__main__":
    errors.run(main)
