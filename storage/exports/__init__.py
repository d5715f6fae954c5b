"""Exports: a published version in the format of a trainer, part by part."""
