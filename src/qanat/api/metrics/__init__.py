"""Figures for Prometheus: read at the scrape from what the parts count anyway."""
