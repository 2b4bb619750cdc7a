"""How fast, how deep, how large? Measurements beside named alternatives, within one run.

    python -m benchmarks            everything (`make bench`), in one report
    python -m benchmarks steps      one section
    python -m benchmarks --help     which sections there are (`sections.py`)

`docs/measuring.md` says what each figure means, and what it does not. Rates depend on
the machine and on the hour; ratios, taken in turns within one run, much less so.
"""
