"""Command line: `python -m benchmarks.studies [--missing] [NAME …]`."""

from __future__ import annotations

import sys
import time

from benchmarks.studies import deep_rnn, sequence_mean, sign, stacked, stateful, study
from pipeline.common import errors

STUDIES = [each for module in (sequence_mean, sign, stateful, deep_rnn, stacked) for each in module.STUDIES]


def main(arguments: list[str]) -> None:
    """Run the named studies, or all of them, and join all results.

    Raises:
        UserError: there is no study of that name.
    """
    known = {each.name: each for each in STUDIES}
    names = [argument for argument in arguments if argument != "--missing"]
    for name in names:
        if name not in known:
            raise errors.UserError("benchmarks.studies", "must name studies", name, f"Known: {', '.join(known)}.")
    for name in names or known:
        start = time.monotonic()
        study.execute(known[name], missing="--missing" in arguments)
        print(f"{name}: {(time.monotonic() - start) / 60:.1f} min", file=sys.stderr, flush=True)
    for each in study.collect(STUDIES)["studies"]:
        bar = each["bar"]
        print(f"\n{each['name']} ({each['post']})\n  {each['question']}\n  {each['answer']}")
        if bar:
            print(f"  {'met' if bar['met'] else 'NOT MET'}: {bar['text']}")


if __name__ == "__main__":
    errors.run(main)
