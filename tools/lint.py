"""Run `snakemake --lint` and show the remarks that apply.

Two do not: that each rule should name its own conda environment or container (Flatline has one environment, uv.lock),
and that `{rule}` comes from outside of the rule (Snakemake gives it to every shell command).
"""

from __future__ import annotations

import re
import subprocess
import sys

NOT_APPLICABLE = (
    "Specify a conda environment or container for each rule.",
    "Shell command directly uses variable rule from outside of the rule",
)


def remarks(output: str) -> list[str]:
    """Return the remarks that apply, a line each: the place and the remark."""
    where, found = "", []
    for line in output.splitlines():
        if line.startswith("Lints for"):
            where = line.removeprefix("Lints for ").rstrip(":")
        match = re.match(r"\s+\* (.+?):$", line)
        if match and match[1] not in NOT_APPLICABLE:
            found.append(f"{where}: {match[1]}")
    return found


def main() -> int:
    """Print the remarks; return 1 if there are any."""
    # Snakemake ends with 1 on any remark, even one that does not apply.
    done = subprocess.run(["snakemake", "--lint"], capture_output=True, text=True, check=False)  # noqa: S607 - a constant
    output = done.stdout + done.stderr
    if done.returncode not in (0, 1) or ("Lints for" not in output and "Congratulations" not in output):
        print(output, file=sys.stderr)
        return 1
    found = remarks(output)
    print("\n".join(found) or "snakemake --lint: nothing that applies")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
