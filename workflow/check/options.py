"""The command line of `make check`, and the choices that it holds."""

from __future__ import annotations

import argparse
import os
from typing import Any, NoReturn

from pipeline.common.errors import UserError
from pipeline.common.explaining import suggestion
from workflow.tryout.options import OTHERS

PROGRAM = "python -m workflow.check"
_DESCRIPTION = """Check a network and windows that were made elsewhere: train the network again, diagnose it like any
other, and score the weights as they came beside it. MODEL is a .keras file, read in safe mode; DATA a .npz file with X
[windows, length, features], y, and optionally the part of each window. Both stay as they are."""
_EXAMPLES = """examples:
  python -m workflow.check model.keras windows.npz
  python -m workflow.check model.keras windows.npz --name mine --epochs 50 --batch 64
  make check MODEL=model.keras DATA=windows.npz DRY=1

The same files and options again go on where an earlier run was stopped. `make forget NAME=model` undoes everything."""
# Variables of make whose option has another name.
_MAKE = {"DRY": "--dry-run", "RATE": "--learning-rate", "TARGET_FEATURE": "--target-feature"}
_COMMAND = ("model", "data", "name", "dry_run", "no_run", "cores", "given")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(PROGRAM, "must be called as --help says", message, "See --help.")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    form = argparse.RawDescriptionHelpFormatter
    made = _Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EXAMPLES, allow_abbrev=False, formatter_class=form)
    made.add_argument("model", nargs="?", metavar="MODEL", help="the network, a .keras file")
    made.add_argument("data", nargs="?", metavar="DATA", help="the windows, a .npz file")
    made.add_argument("--name", help="name of the experiment (by default made of the network's name)")
    made.add_argument("--dry-run", action="store_true", help="show what would be written, and change nothing")
    made.add_argument("--no-run", action="store_true", help="write the entries, but do not run them")
    made.add_argument("--cores", default="all", help="cores, for Snakemake (%(default)s)")
    made.add_argument("--given", help=argparse.SUPPRESS)  # of the Makefile: names of variables to take over
    settings = made.add_argument_group("settings (the file has the loss, the optimiser and its rate)")
    settings.add_argument("--task", choices=["regression", "classes"], help="what y is (found out by default)")
    settings.add_argument("--target-feature", metavar="FEATURE", help="name or number of the target's own past in X")
    settings.add_argument("--batch", type=int, metavar="N", help="windows in one update (32)")
    settings.add_argument("--epochs", type=int, metavar="N", help="passes over the training windows")
    settings.add_argument("--learning-rate", type=float, metavar="RATE", help="instead of the file's")
    settings.add_argument("--seeds", nargs="+", type=int, metavar="N", help="one training for each (0 1)")
    return made


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options of a command line.

    Raises:
        UserError: an option is unknown or has a wrong value.
    """
    given = parser().parse_args(arguments)
    if given.given is not None:
        given = parser().parse_args(_of_make(given.given.split()))
    for key in ("model", "data"):
        if not getattr(given, key):
            example = "For example make check MODEL=model.keras DATA=windows.npz."
            raise UserError(key.upper(), "must be given", "nothing", example)
    given.model, given.data = os.path.expanduser(given.model), os.path.expanduser(given.data)
    for key in ("batch", "epochs", "learning_rate"):
        if (value := getattr(given, key)) is not None and not value > 0:
            variable = "RATE" if key == "learning_rate" else key.upper()
            raise UserError(variable, "must be above 0", value, f"For example {variable}=1.")
    if given.seeds and (min(given.seeds) < 0 or len(set(given.seeds)) < len(given.seeds)):
        raise UserError("SEEDS", "must be whole numbers, 0 or more, each once", given.seeds, 'As in SEEDS="0 1".')
    if given.cores != "all" and not (given.cores.isdigit() and int(given.cores)):
        raise UserError("CORES", "must be a whole number above 0, or all", given.cores, "For example CORES=2.")
    return given


def _of_make(names: list[str]) -> list[str]:
    """Return the command line that variables of make stand for, which it hands over in the environment."""
    arguments, paths = [], {"MODEL": "", "DATA": ""}
    known = {
        name for group in parser()._action_groups for action in group._group_actions for name in action.option_strings
    }
    for name in names:
        value = os.environ.get(name, "")
        option = _MAKE.get(name, f"--{name.lower()}")
        if name in OTHERS:
            continue
        if name not in paths and option not in known:
            there = sorted([*paths, *_MAKE, *(each[2:].upper() for each in known - set(_MAKE.values()))])
            raise UserError(name, "must be a variable of `make check`", f"{name}={value}", suggestion(name, there))
        if not value:
            continue
        if name in paths:
            paths[name] = value
        elif option == "--dry-run":
            arguments.append(option)
        elif option == "--seeds":
            arguments += [option, *value.replace(",", " ").split()]
        else:
            arguments.append(f"{option}={value}")
    return [*arguments, "--", *filter(None, paths.values())]


def chosen(given: argparse.Namespace) -> dict[str, Any]:
    """Return the user's own choices, less those of the command itself."""
    return {key: value for key, value in sorted(vars(given).items()) if key not in _COMMAND and value is not None}
