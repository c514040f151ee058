"""`make try`: from a file to an experiment. Read any common table, propose settings, write entries, run, and report."""
