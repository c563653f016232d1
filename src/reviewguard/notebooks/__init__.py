"""What `notebooks/` needs beyond the commands: settings, tables, figures, marked messages, and a place to retrain."""
