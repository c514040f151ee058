"""Everything between Snakemake, DVC and git."""
