"""What is stored: records, searches, trained actors, provenance; and their validation."""
