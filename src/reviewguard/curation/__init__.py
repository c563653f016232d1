"""From hand-written messages to train, validation and test splits; needs the `train` extra."""
