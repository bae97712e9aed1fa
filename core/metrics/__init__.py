"""Numbers about trained models: arrays in, numbers out, each with its definition and source."""
