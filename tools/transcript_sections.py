"""The sections of the transcripts: commands as typed at a prompt. tools/transcripts.py runs them."""

from __future__ import annotations

from typing import NamedTuple

_RATE = "experiments.co2_lstm.training.learning_rate"


class Step(NamedTuple):
    """One command line."""

    command: str
    folder: str = "flatline"  # below the scratch folder; "." for itself
    lines: int = 40  # shown at most
    note: str = ""  # a sentence before it
    ends: tuple[int, ...] = (0,)  # expected exit codes


class Section(NamedTuple):
    """One page of docs/transcripts/."""

    name: str
    title: str
    about: str
    steps: tuple[Step, ...]


SECTIONS = (
    Section(
        "change",
        "One change, as a named experiment",
        "One learning rate changes: only the stages of this experiment that depend on it run.",
        (
            Step(f"dvc exp run -S {_RATE}=0.003 -n faster", lines=60),
            Step("make experiments"),
            Step("dvc exp diff HEAD faster"),
            Step("dvc params diff"),
            Step("dvc metrics diff"),
            Step("dvc plots diff HEAD faster && du -h dvc_plots/index.html", note="One page, that opens offline:"),
            Step("dvc exp list"),
        ),
    ),
    Section(
        "queue",
        "A queue of experiments",
        "Three learning rates in temporary workspaces, two at a time. Stages that do not depend on the rate come from "
        "the cache.",
        (
            Step(f"dvc exp run --queue -n rate -S '{_RATE}=choice(0.0003,0.001,0.003)' evaluate@co2_lstm"),
            Step("dvc queue start --jobs 2"),
            Step(
                "while dvc queue status | grep -q -e Queued -e Running; do sleep 2; done; dvc queue status",
                note="The queue works on its own; this waits for it.",
            ),
            Step("make experiments"),
            Step("git status --short", note="The folder itself is as it was."),
        ),
    ),
    Section(
        "record",
        "A snakemake run, recorded as an experiment",
        "A setting is edited by hand, `snakemake` runs the stale stages, and one command names the result without "
        "computing anything. In return, `snakemake` accepts results that DVC has recorded.",
        (
            Step("sed -i 's/learning_rate: 0.001/learning_rate: 0.003/' params.yaml && git diff --stat"),
            Step("snakemake --cores 2 2>&1 | grep -e '^[[] *[0-9]' -e 'Nothing'"),
            Step(
                "dvc exp run -n by_hand > said; grep -c 'Running stage' said; tail -3 said; rm said",
                note="Stages computed for it, and its last lines:",
            ),
            Step("make experiments"),
            Step("git checkout -q . && dvc exp apply by_hand && snakemake --cores 2 2>&1 | tail -2"),
        ),
    ),
    Section(
        "remote",
        "Push, and pull in a fresh clone",
        "Another machine reuses the results: it trains nothing.",
        (
            Step("dvc remote add --default shared ../remote && git commit -q -a -m 'A remote' && cat .dvc/config"),
            Step("dvc push --run-cache"),
            Step("git clone -q flatline elsewhere && mkdir home", folder="."),
            Step("HOME=$PWD/../home dvc pull --run-cache", folder="elsewhere", lines=12),
            Step("HOME=$PWD/../home snakemake --cores 2 2>&1 | tail -3", folder="elsewhere"),
            Step(
                "grep -rl 'Running stage' logs 2> /dev/null | wc -l",
                folder="elsewhere",
                note="Stages that were computed here:",
            ),
            Step("cmp flatline/reports/index.html elsewhere/reports/index.html && echo the same", folder="."),
        ),
    ),
    Section(
        "bytes",
        "Two clones, one and two cores, the same bytes",
        "Two fresh clones in folders of different names, without a cache, compute everything: one stage at a time in "
        "the one, two in the other.",
        (
            Step(
                "git clone -q flatline one && git clone -q flatline the_other && rm one/dvc.lock the_other/dvc.lock",
                folder=".",
            ),
            Step("snakemake --cores 1 2>&1 | tail -2", folder="one"),
            Step("snakemake --cores 2 2>&1 | tail -2", folder="the_other"),
            Step("python -m benchmarks.clones ../one ../the_other"),
            Step(
                "git -C one status --short; git -C the_other status --short", folder=".", note="The committed dvc.lock:"
            ),
        ),
    ),
    Section(
        "killed",
        "A run that is killed, and the next one",
        "The whole process group gets SIGKILL while stages run. The next run needs no repair and ends "
        "with the dvc.lock of an undisturbed run.",
        (
            Step("sed -i 's/epochs: 3/epochs: 5/' params.yaml && git diff --stat"),
            Step("cp -r flatline undisturbed", folder="."),
            Step("snakemake --cores 2 2>&1 | tail -2", folder="undisturbed"),
            Step(
                "setsid snakemake --cores 2 > /dev/null 2>&1 & sleep 14; pkill -KILL -g $! && echo killed; wait",
            ),
            Step("snakemake --cores 2 2>&1 | tail -2"),
            Step("cmp flatline/dvc.lock undisturbed/dvc.lock && echo the same", folder="."),
            Step("dvc status"),
        ),
    ),
    Section(
        "compare",
        "The comparison report",
        "Any set of experiments and revisions, on one page that opens offline.",
        (
            Step(f"dvc exp run -q -S {_RATE}=0.003 -n faster evaluate@co2_lstm > /dev/null", lines=0),
            Step('make compare OF="HEAD faster workspace"'),
            Step('make compare OF="HEAD fastr"', ends=(2,)),
            Step("ls reports/*.html"),
        ),
    ),
)
