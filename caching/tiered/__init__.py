"""Django's cache in this process's memory, over the Redis of all workers (`backend.TieredCache`)."""
