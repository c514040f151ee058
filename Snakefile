"""When and where each stage runs. What it is stands in dvc.yaml, every knob in params.yaml.

    snakemake --cores 2                          all of it
    snakemake --cores 2 models/co2_lstm/training one file and what it needs

Each rule asks DVC for one stage; DVC computes it, restores it from its cache, or finds nothing to do.
"""

import time

from snakemake.exceptions import WorkflowError

from pipeline.common import errors, params
from workflow.messages import say_last, tell_failures_last
from workflow.stages import Stages

STARTED = time.time()
# `dvc --wait-for-lock repro --single-item STAGE`, at a fifth of its cost and safe to kill: the figures stand there.
REPRO = "python -m workflow.repro {params.stage} > {log} 2>&1"
# Outputs that DVC found good are touched, so that they are newer than their stamp. A stage that failed gets its
# earlier outputs back, which DVC had removed before it ran.
RUN = (
    REPRO
    + " && touch -c {output} || {{ dvc --quiet --wait-for-lock checkout {params.stage} > /dev/null 2>&1; exit 1; }}"
)

try:
    PARAMS = params.load()
except errors.UserError as error:
    say_last(str(error))
    raise WorkflowError("params.yaml does not pass its checks.") from None

stages = Stages(main=workflow.is_main_process)


localrules:
    all,


onstart:
    # Snakemake's limit of jobs a second makes every decision of its scheduler set a timer for one more, so that they pile up:
    # 4,432 decisions for 45 jobs, a fifth of a core, and 46 without it. Jobs that run here need no such limit.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


onerror:
    tell_failures_last(STARTED)


wildcard_constraints:
    name="[a-z][a-z0-9_]*",


rule all:
    input:
        stages.outputs("report"),


# Rows before trainings before diagnoses before the rest: what takes longest begins first, so that no core waits at the end.
rule raw:
    input:
        stages.inputs("raw"),
        stages.stamp("raw"),
    output:
        [update(directory(out)) for out in stages.outputs("raw")],
    log:
        "logs/raw/{name}.log",
    priority: 3
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        stage=lambda wildcards: stages.address("raw", wildcards),
    message:
        "Read the raw rows of {wildcards.name}"
    shell:
        RUN


rule split:
    input:
        stages.inputs("split"),
        stages.stamp("split"),
    output:
        [update(directory(out)) for out in stages.outputs("split")],
    log:
        "logs/split/{name}.log",
    priority: 3
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        stage=lambda wildcards: stages.address("split", wildcards),
    message:
        "Split the rows of {wildcards.name}"
    shell:
        RUN


rule window:
    input:
        stages.inputs("window"),
        stages.stamp("window"),
    output:
        [update(directory(out)) for out in stages.outputs("window")],
    log:
        "logs/window/{name}.log",
    priority: 3
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        stage=lambda wildcards: stages.address("window", wildcards),
    message:
        "Place the windows of {wildcards.name}"
    shell:
        RUN


rule scale:
    input:
        stages.inputs("scale"),
        stages.stamp("scale"),
    output:
        [update(directory(out)) for out in stages.outputs("scale")],
    log:
        "logs/scale/{name}.log",
    priority: 3
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        stage=lambda wildcards: stages.address("scale", wildcards),
    message:
        "Scale the rows of {wildcards.name}"
    shell:
        RUN


rule train:
    input:
        stages.inputs("train"),
        stages.stamp("train"),
    output:
        [update(directory(out)) for out in stages.outputs("train")],
    log:
        "logs/train/{name}.log",
    priority: 2
    threads: lambda wildcards: PARAMS["experiments"][wildcards.name]["training"]["threads"]
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        stage=lambda wildcards: stages.address("train", wildcards),
    message:
        "Train {wildcards.name}"
    shell:
        RUN


rule predict:
    input:
        stages.inputs("predict"),
        stages.stamp("predict"),
    output:
        [update(directory(out)) for out in stages.outputs("predict")],
    log:
        "logs/predict/{name}.log",
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        stage=lambda wildcards: stages.address("predict", wildcards),
    message:
        "Predict with {wildcards.name}"
    shell:
        RUN


rule evaluate:
    input:
        stages.inputs("evaluate"),
        stages.stamp("evaluate"),
    output:
        [update(out) for out in stages.outputs("evaluate")],
    log:
        "logs/evaluate/{name}.log",
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        stage=lambda wildcards: stages.address("evaluate", wildcards),
    message:
        "Evaluate {wildcards.name}"
    shell:
        RUN


rule diagnose:
    input:
        stages.inputs("diagnose"),
        stages.stamp("diagnose"),
    output:
        [update(out) for out in stages.outputs("diagnose")],
    log:
        "logs/diagnose/{name}.log",
    priority: 1
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        stage=lambda wildcards: stages.address("diagnose", wildcards),
    message:
        "Diagnose {wildcards.name}"
    shell:
        RUN


rule leakage:
    input:
        stages.inputs("leakage"),
        stages.stamp("leakage"),
    output:
        [update(out) for out in stages.outputs("leakage")],
    log:
        "logs/leakage/{name}.log",
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        stage=lambda wildcards: stages.address("leakage", wildcards),
    message:
        "Prove that nothing leaks in {wildcards.name}"
    shell:
        RUN


rule leaks:
    input:
        stages.inputs("leaks"),
        stages.stamp("leaks"),
    output:
        [update(out) for out in stages.outputs("leaks")],
    log:
        "logs/leaks.log",
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        stage=lambda wildcards: stages.address("leaks", wildcards),
    message:
        "Plant seven leaks, and catch them"
    shell:
        RUN


rule calibrate:
    input:
        stages.inputs("calibrate"),
        stages.stamp("calibrate"),
    output:
        [update(out) for out in stages.outputs("calibrate")],
    log:
        "logs/calibrate.log",
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        stage=lambda wildcards: stages.address("calibrate", wildcards),
    message:
        "Calibrate the comparison on series without a signal"
    shell:
        RUN


rule report:
    input:
        stages.inputs("report"),
        stages.stamp("report"),
    output:
        [update(out) for out in stages.outputs("report")],
    log:
        "logs/report.log",
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        stage=lambda wildcards: stages.address("report", wildcards),
    message:
        "Write the report"
    shell:
        RUN
