"""Parameters, files, errors and costs, for all stages."""
