"""The files of a store, over fsspec: conditional create, and the needs of each kind of store."""
