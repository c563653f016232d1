"""Labels from people: the terminal loop that makes them, and the way into the dataset."""
