"""What does each endpoint ask of the database, and what is left for Python, level by level?

    python -m benchmarks.profile        (`make profile`)

    endpoints   which URLs: every public route, with its filters, orders and a deep page
    levels      six ways to answer one: naive, optimized, keyset, build, rebuild, hit
    plain       the first two of them, as views;  keyset  the third
    executed    each statement as the database cursor sees it, with its time
    recording   all of that, given to Silk to keep
    figures     what Silk has kept, as medians
    statements  what a statement asks for, read from its SQL
    needed      which columns the fields shown and the cursor are made of
    findings    queries that grow with the page, statements repeated, columns nobody needs
    charts      the plots;  report  the tables and the file

`docs/profiling.md` says how to read it. Nothing here is for timing against others: that is
what `python -m benchmarks` does, where Silk is never on.
"""
