"""Files of a store, over fsspec: conditional create, and what each kind of store needs."""
