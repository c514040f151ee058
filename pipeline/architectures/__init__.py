"""Networks: one file each, with `build(shape, **options) -> keras.Model`, chosen by name in params.yaml."""
