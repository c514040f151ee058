"""Generators and bundled series, a file each with `make(*, ...) -> Series`, chosen by name in params.yaml."""
