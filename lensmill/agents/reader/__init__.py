"""The reader: a visual agent without a language model, made of OCR, chart geometry and plain rules."""
