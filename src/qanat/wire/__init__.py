"""Bytes to commands and replies to bytes. Pure: no IO, no clock, no chance."""
