"""Model versions: kept, compared, promoted and rolled back."""
