"""From a training run to a model file: what exporters share."""
