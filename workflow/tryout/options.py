"""The command line of `make try`, and the choices that it holds."""

from __future__ import annotations

import argparse
import difflib
import os
import re
from collections.abc import Iterable
from typing import Any

from pipeline.common.errors import UserError
from workflow.arguments import Parser, add_cores
from workflow.tryout import joined, rows

PROGRAM = "python -m workflow.tryout"
_DESCRIPTION = """Try a file: read it, propose all settings, write them into params.yaml, train and diagnose one
experiment, and print its verdict. FILE is text with any separator, an Excel workbook or Parquet; it stays as it is."""
_EXAMPLES = """examples:
  python -m workflow.tryout ~/mine.csv
  python -m workflow.tryout ~/mine.xlsx --target "Last (kW)" --horizon 24
  python -m workflow.tryout ~/mine.csv --target load --dry-run
  make try FILE=~/mine.csv TARGET=load DRY=1

The same file and options again go on where an earlier run was stopped. `make forget NAME=mine` undoes everything."""
# Variables of make whose option has another name.
_MAKE = {"FILE": "file", "DRY": "--dry-run", "RATE": "--learning-rate"}
# Variables of the Makefile that are no options.
OTHERS = ("MAKEFLAGS", "MAKEOVERRIDES", "PYTHON", "SHELL", "UV", "UV_VERSION")
_MANY = ("seeds", "features", "units", "missing")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = Parser(
        prog=PROGRAM,
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("file", nargs="?", metavar="FILE", help="the file to try")
    made.add_argument("--name", help="name of the experiment (by default made of the file's name)")
    made.add_argument("--dry-run", action="store_true", help="show what would be written, and change nothing")
    made.add_argument("--no-run", action="store_true", help="write the entries, but do not run them")
    add_cores(made)
    made.add_argument("--given", help=argparse.SUPPRESS)  # of the Makefile: names of variables to take over
    reading = made.add_argument_group("how to read the file (found out by default)")
    reading.add_argument("--target", metavar="COLUMN", help="the column to predict")
    reading.add_argument("--time", metavar="COLUMN", help="the column of times, two as DATE+TIME, or none")
    reading.add_argument(
        "--id", metavar="COLUMN", help="the column of ids, where the file holds several series, or none"
    )
    reading.add_argument("--zone", help="time zone of times without an offset, as in Europe/Berlin")
    reading.add_argument("--dates", choices=["dmy", "mdy", "ymd"], help="order of day, month and year, if it is open")
    reading.add_argument("--decimal", choices=["comma", "point"], help="sign before decimals")
    reading.add_argument("--separator", metavar="SIGN", help="between two fields of a text file")
    reading.add_argument("--sheet", help="of an Excel workbook")
    reading.add_argument("--where", metavar="COLUMN=VALUE", help="only these rows, of a file with several series")
    reading.add_argument(
        "--missing", nargs="+", action="extend", default=[], metavar="TEXT", help="further marks of missing cells"
    )
    reading.add_argument("--repeated", choices=["first", "last"], help="which row to keep of a repeated time")
    reading.add_argument(
        "--prepare", metavar="MODULE:FUNCTION", help="of pipeline/prepare/: makes the columns from those of the file"
    )
    settings = made.add_argument_group("settings (proposed by default; all can be changed in params.yaml later)")
    settings.add_argument("--features", nargs="+", action="extend", metavar="COLUMN", help="the input columns")
    settings.add_argument("--period", metavar="ROWS", help="rows of one season, or none")
    settings.add_argument("--window", type=int, metavar="ROWS", help="input rows of a window")
    settings.add_argument("--horizon", type=int, metavar="ROWS", help="rows ahead; 0 for the window's last row")
    settings.add_argument("--kind", choices=["value", "label"], help="of the target: a quantity, or a class")
    settings.add_argument("--stride", type=int, metavar="ROWS", help="between the starts of two windows")
    settings.add_argument("--holes", choices=["insert", "cut", "irregular"], help="what to do where rows are missing")
    settings.add_argument("--validation", type=float, metavar="SHARE", help="of the rows; 0 for none")
    settings.add_argument("--test", type=float, metavar="SHARE", help="of the rows")
    settings.add_argument("--scaling", choices=["none", "last", "standard"], help="of each window")
    settings.add_argument("--architecture", default="lstm", metavar="NAME", help="a file of pipeline/architectures/")
    settings.add_argument("--units", nargs="+", action="extend", type=int, metavar="N", help="units of its layers")
    settings.add_argument("--epochs", type=int, metavar="N", help="passes over the training windows")
    settings.add_argument("--learning-rate", type=float, metavar="RATE", help="of the optimiser")
    settings.add_argument(
        "--seeds", nargs="+", action="extend", type=int, metavar="N", help="one training for each (0 1)"
    )
    return made


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options of a command line.

    Raises:
        UserError: an option is unknown or has a wrong value.
    """
    given = parser().parse_args(arguments)
    if given.given is not None:
        given = parser().parse_args(_of_make(given.given.split()))
    if not given.file:
        raise UserError("FILE", "must be given", "nothing", "For example make try FILE=mine.csv TARGET=load.")
    given.file = os.path.expanduser(given.file)
    if given.period is not None and given.period != "none":
        if not (given.period.isdigit() and int(given.period) >= 2):
            rule = "must be a whole number of rows, 2 or more, or none"
            raise UserError("PERIOD", rule, given.period, "For example PERIOD=24.")
        given.period = int(given.period)
    if given.horizon is not None and given.horizon < 0:
        raise UserError("HORIZON", "must be 0 or more", given.horizon, "For example HORIZON=1.")
    for option in ("window", "stride", "epochs", "learning_rate"):
        if (value := getattr(given, option)) is not None and not value > 0:
            variable = "RATE" if option == "learning_rate" else option.upper()
            raise UserError(variable, "must be above 0", value, f"For example {variable}=1.")
    for option, least in (("validation", 0.0), ("test", 0.01)):
        if (value := getattr(given, option)) is not None and not least <= value <= 0.45:
            rule = f"must be a share of the rows from {least:g} to 0.45"
            raise UserError(option.upper(), rule, value, f"For example {option.upper()}=0.15.")
    if given.seeds and (min(given.seeds) < 0 or len(set(given.seeds)) < len(given.seeds)):
        raise UserError("SEEDS", "must be whole numbers, 0 or more, each once", given.seeds, 'As in SEEDS="0 1".')
    if given.units and min(given.units) < 1:
        raise UserError("UNITS", "must be whole numbers, 1 or more", given.units, 'As in UNITS="32".')
    return given


def _of_make(names: list[str]) -> list[str]:
    """Return the command line that variables of make stand for, which it hands over in the environment."""
    arguments, file, known = [], [], variables()
    for name in names:
        value = os.environ.get(name, "")
        if name in OTHERS:
            continue
        if name not in known:
            close = difflib.get_close_matches(name.upper(), known, n=1)
            fix = f"Did you mean {close[0]}=…?" if close else f"There are: {', '.join(known)}."
            raise UserError(name, "must be a variable of `make try`", f"{name}={value}", fix)
        option = known[name]
        if not value:
            continue
        if option == "file":
            file = [value]
        elif option in ("--dry-run", "--no-run"):
            arguments.append(option)
        elif option.lstrip("-") in _MANY:
            parts = value.split(",") if "," in value or option in ("--missing", "--features") else value.split()
            # Each by itself with =, for one that begins with - would be taken for an option.
            arguments += [f"{option}={part.strip()}" for part in parts if part.strip()]
        else:
            arguments.append(f"{option}={value}")
    return [*arguments, "--", *file] if file else arguments


def rejoined(parts: list[str], known: Iterable[str]) -> list[str]:
    """Return parts of a list that was split at commas, those of a known text with commas put together again.

    Args:
        parts: as the user gave them.
        known: names of columns, or cells.
    """
    whole = {re.sub(r"\s*,\s*", ",", text.strip()): text for text in known if "," in text}
    made, left = [], list(parts)
    while left:
        ends = (end for end in range(len(left), 1, -1) if ",".join(left[:end]) in whole)
        end = next(ends, 1)
        made.append(whole[",".join(left[:end])] if end > 1 else left[0])
        left = left[end:]
    return made


def variables() -> dict[str, str]:
    """Return the option, or `file`, that each variable of make stands for."""
    options = [
        name for group in parser()._action_groups for each in group._group_actions for name in each.option_strings
    ]
    renamed = {option: name for name, option in _MAKE.items()}
    hidden = ("--given", "--help", "-h")
    named = {renamed.get(each, each[2:].replace("-", "_").upper()): each for each in options if each not in hidden}
    return dict(sorted({"FILE": "file", **named}.items()))


def of_times(given: dict[str, Any]) -> joined.Wishes:
    """Return the choices on times."""
    return joined.Wishes(
        given.get("time"), given.get("dates"), given.get("zone"), given.get("repeated"), given.get("id")
    )


def of_settings(given: dict[str, Any]) -> rows.Wishes:
    """Return the choices on settings."""
    own = {"period", "window", "horizon", "kind", "stride", "holes", "validation", "test", "scaling"}
    own |= {"epochs", "features"}
    kept = {key: value for key, value in given.items() if key in own}
    architecture = given.get("architecture", "lstm")
    units = given.get("units", [32] if architecture == "lstm" else [])
    rest = {"rate": given.get("learning_rate"), "seeds": given.get("seeds", [0, 1]), "units": units}
    return rows.Wishes(**kept, **rest, architecture=architecture)


def chosen(given: argparse.Namespace) -> dict[str, Any]:
    """Return the user's own choices: options that are not as they are by default, less those of the command itself."""
    command = ("file", "name", "dry_run", "no_run", "cores", "given")
    default = vars(parser().parse_args([]))
    return {
        key: value
        for key, value in sorted(vars(given).items())
        if key not in command and value != default[key] and value is not None
    }
