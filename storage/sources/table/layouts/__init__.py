"""Files of rows: each layout cuts its file into parts, and reads the rows of a part."""
