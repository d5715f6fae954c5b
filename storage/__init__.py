"""Storage: the files of a store, sources, builds, dataset versions, and checks of them."""
