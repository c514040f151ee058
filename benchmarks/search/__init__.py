"""Random search against ourselves: experiments drawn without a plan, their diagnosis, and what the test part says."""
