"""What a run prints: one line a job, progress in expected seconds, the running epochs, and the verdicts at the end.

Snakemake's structured log events are the source (its interface for logger plugins); nothing is parsed. A plugin proper
must be an installed package, and the project is run from its folder. So the Snakefile puts the handler on Snakemake's
logger, in place of the default one.
"""
