"""Past one machine: embeddings made in shards by any number of workers, and how large a machine has to be."""
