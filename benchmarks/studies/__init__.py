"""Questions and claims of the five posts, answered by runs of the project's own stages.

    python -m benchmarks.studies                all studies; hours
    python -m benchmarks.studies NAME …         some of them; the others keep their results
    python -m benchmarks.studies --missing …    only rows and seeds that have no figures yet

A study is a list of rows. A row is an experiment of params.yaml with some parameters changed, as by `dvc exp run -S`,
and figures from its stored predictions. Results are in benchmarks/results/studies/NAME.json, one file per study, and
all together in benchmarks/results/studies.json, which the report reads.
"""
