"""How fast, how deep, how large? Measurements beside named alternatives, within one run.

    python -m benchmarks        everything      (`make bench`)
    hits       answers from L1, beside a constant, `cache_page` and the uncached view
    depth      pages deep in a list, beside its first page; queries for each list
    memory     L1 and the process, while a client walks over 200,000 URLs
    steps      the parts of a hit, one by one, in process
    coherence  from a commit to the last worker's drop; a write beside one without caching
    tiers      L1 with Redis and without, L2 beside `cache_page`, and Redis gone

`docs/measuring.md` says what each figure means, and what it does not. Rates depend on
the machine and on the hour; ratios, taken in turns within one run, much less so.
"""
