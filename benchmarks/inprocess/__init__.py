"""What does each step of the read path cost, all by itself? Tests that pytest-benchmark times.

    .venv/bin/python -m benchmarks steps              a table, a plot, raw results
    .venv/bin/python -m pytest benchmarks/inprocess   pytest-benchmark's own table, and its options

Each test first asserts that the step does what it is there for, and then has it timed. The
docstring of a test is its name in the table. `pytest` without a path does not collect them.
"""
