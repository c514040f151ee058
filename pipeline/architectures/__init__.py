"""One file per architecture, each with a `build(shape, **options) -> keras.Model`, chosen by name in params.yaml."""
