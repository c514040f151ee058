"""What the five posts ask or claim, answered by runs of the project's own stages.

    python -m benchmarks.studies                all studies; hours
    python -m benchmarks.studies NAME …         some of them; the others keep what they had
    python -m benchmarks.studies --missing …    only rows and seeds that have no figures yet

A study is a list of rows. A row is an experiment of params.yaml with some parameters changed, as `-S` of `dvc exp run`
would, and what its stored predictions then say. Results lie in benchmarks/results/studies/NAME.json, one file per
study, and all together in benchmarks/results/studies.json, which the report reads.
"""
