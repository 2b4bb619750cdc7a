"""Does any edge show what a purge should have taken away? Random writes, readers, and faults.

    run.py        starts everything, lets it loose, waits until the queue is empty, and judges
    stage.py      the service over PostgreSQL and Redis, its edges, and who purges them
    library.py    what there is to write and to read
    history.py    each thing's states, one after the other, and which of them a read may show
    plan.py       which writes and which faults come, and when: all of it from one seed
    writing.py    the writers: through the API, and with SQL;  sharing.py: what they share
    reading.py    the readers: through every edge, all the time, and what they have seen
    waiting.py    which purges are over?
    faults.py     what is killed, stopped, cut off and started again meanwhile
    verdict.py    in the end: does every URL that was ever read show what the database holds?

Two questions are asked. While it runs: may a read show a state that was overwritten before a purge
that was over when it began? At the end, with nothing left in the queue: is any answer at any edge
another than the one that the same code gives without any cache? `tests/oracle` asks as much of the
service itself; here the reader is behind an edge that keeps answers for a day.
"""
