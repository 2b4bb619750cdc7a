"""The edges: shared caches in front of us that keep answers for long, and are told what has changed.

    edge            what an edge is, and how it is called
    configuration   which edges there are: READPATH_EDGES
    batches, rate   how much goes into a call, and how often one may be made
    groups          what the answer to a write tells caches on its way
    backends        how each kind of them is told

Which labels an answer carries is in `caching/labels.py`; what waits to be purged in
`caching/purge_queue.py`; who purges, and when, in `caching/purging`.
"""
