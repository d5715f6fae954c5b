"""Reading pictures on a CPU: OCR and chart geometry."""
