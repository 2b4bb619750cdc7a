"""Is it true? A fleet under load, and somebody who knows what every read may show.

    run.py        starts a fleet, clients and a raw writer; causes faults; asks for the verdict
    library.py    what is written and read: posts, comments, likes, and their URLs
    registers.py  one thing that is written version after version, and how a version looks
    pages.py      which versions a page shows
    board.py      what is acknowledged and what was begun: memory that all processes share
    plan.py       what one process is to do
    client.py     one process of clients;  wire.py: its connections;  reader.py, writer.py: who asks
    raw.py        one process that writes with SQL, past the HTTP API
    database.py   what the database says
    converging.py after the last write, does every worker show the last values?
    tally.py      what was counted;  report.py: how it is told
    fault.py      what a fault is;  faults/: all that there are
    guards.py     what can be taken away from the service;  broken.py: the service without it
    breaking.py   how to catch that
    alternatives/ others on the same data, put to the same test

The check is made while it runs. A writer notes on the board that it begins version 7 of a
thing, and that version 7 was acknowledged. A reader copies the board before it asks; what the
answer shows must not be older than the copy, nor newer than what was begun when it came.
"""
