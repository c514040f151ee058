"""When and where each stage runs. dvc.yaml defines the stages, params.yaml every setting.

    snakemake --cores 2                          everything
    snakemake --cores 2 models/co2_lstm/training one output and what it needs

Each rule asks DVC for one stage. DVC computes it, restores it from its cache, or finds nothing to do.
"""

from workflow.failed import write_index
from workflow.messages import print_failures_last
from workflow.stages import Stages

RUN = "python -m workflow.repro {rule} > {log} 2>&1"
RUN_NAMED = "python -m workflow.repro {rule}@{wildcards.name} > {log} 2>&1"
stages = Stages(workflow)
stages.print_run(logger)


localrules:
    all,


onstart:
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None  # see workflow/stages.py
    stages.join_regularly()


onsuccess:
    stages.print_verdicts()


onerror:
    write_index(stages.started)
    stages.print_verdicts()
    print_failures_last(stages.started)


wildcard_constraints:
    name="[a-z][a-z0-9_]*",


rule all:
    input:
        stages.paths("report"),
        # Only a proof that runs asks for it: for an outdated list alone, nothing else would.
        stages.paths("backends"),


# Rows before trainings before diagnoses before the rest: the longest jobs start first, so that no core waits at the end.
rule raw:
    input:
        stages.inputs("raw"),
    output:
        stages.outputs("raw"),
    log:
        "logs/raw/{name}.log",
    priority: 3
    resources:
        mem_mb=stages.megabytes,
        runtime=stages.minutes,
    message:
        "Read the raw rows of {wildcards.name}"
    shell:
        RUN_NAMED


use rule raw as split with:
    input:
        stages.inputs("split"),
    output:
        stages.outputs("split"),
    log:
        "logs/split/{name}.log",
    message:
        "Split the rows of {wildcards.name}"


use rule raw as window with:
    input:
        stages.inputs("window"),
    output:
        stages.outputs("window"),
    log:
        "logs/window/{name}.log",
    message:
        "Place the windows of {wildcards.name}"


use rule raw as scale with:
    input:
        stages.inputs("scale"),
    output:
        stages.outputs("scale"),
    log:
        "logs/scale/{name}.log",
    message:
        "Scale the rows of {wildcards.name}"


use rule raw as baselines with:
    input:
        stages.inputs("baselines"),
    output:
        stages.outputs("baselines"),
    log:
        "logs/baselines/{name}.log",
    priority: 0
    message:
        "Forecast {wildcards.name} without a network"


use rule raw as train with:
    input:
        stages.inputs("train"),
    output:
        stages.outputs("train"),
    log:
        "logs/train/{name}.log",
    priority: 2
    threads: stages.threads
    message:
        "Train {wildcards.name}"


rule predict:
    input:
        stages.inputs("predict"),
    output:
        stages.outputs("predict"),
    log:
        "logs/predict/{name}.log",
    threads: stages.threads
    resources:
        mem_mb=stages.megabytes,
        runtime=stages.minutes,
    message:
        "Predict with {wildcards.name}"
    shell:
        RUN_NAMED


use rule predict as evaluate with:
    input:
        stages.inputs("evaluate"),
    output:
        stages.outputs("evaluate"),
    log:
        "logs/evaluate/{name}.log",
    threads: 1
    message:
        "Evaluate {wildcards.name}"


use rule predict as diagnose with:
    input:
        stages.inputs("diagnose"),
    output:
        stages.outputs("diagnose"),
    log:
        "logs/diagnose/{name}.log",
    priority: 1
    message:
        "Diagnose {wildcards.name}"


use rule evaluate as leakage with:
    input:
        stages.inputs("leakage"),
    output:
        stages.outputs("leakage"),
    log:
        "logs/leakage/{name}.log",
    message:
        "Prove that nothing leaks in {wildcards.name}"


use rule evaluate as page with:
    input:
        stages.inputs("page"),
    output:
        stages.outputs("page"),
    log:
        "logs/page/{name}.log",
    message:
        "Write the page of {wildcards.name}"


rule leaks:
    input:
        stages.inputs("leaks"),
    output:
        stages.outputs("leaks"),
    log:
        "logs/leaks.log",
    resources:
        mem_mb=stages.megabytes,
        runtime=stages.minutes,
    message:
        "Plant leaks, and catch them"
    shell:
        RUN


use rule leaks as backends with:
    input:
        stages.inputs("backends"),
    output:
        stages.outputs("backends"),
    log:
        "logs/backends.log",
    message:
        "List the backends of each dataset"


use rule leaks as calibrate with:
    input:
        stages.inputs("calibrate"),
    output:
        stages.outputs("calibrate"),
    log:
        "logs/calibrate.log",
    message:
        "Calibrate the comparison on series without a signal"


use rule calibrate as report with:
    input:
        stages.inputs("report"),
    output:
        stages.outputs("report"),
    log:
        "logs/report.log",
    message:
        "Write the report"
