"""Stored results: records, searches, trained actors, their provenance and validation."""
