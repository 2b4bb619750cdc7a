"""How does the service do under realistic load? Asked over HTTP, as its clients ask.

    make load                       about a minute against a server of its own, and a report
    python -m loadtests --help      every scenario, every option
    locust -f loadtests/locustfile.py ...    long and distributed runs (docs/load-testing.md)

What is asked is drawn by `mix`, `popularity` and `replay` from what `catalogue` has found in the
public lists; `arrivals` says when it is due, `scenarios` how the rate changes meanwhile. `pump`
hands each errand to the users of `users`, who carry it out and check in `ledger` that no answer
is older than an acknowledged write. What they saw is counted in `tally`; `findings`, `budgets`,
`plots` and `report` make the report of it. `services`, `server` and `command` start what is measured.

An edge in front is one of `recipes`, started by `edges`; `staging` says in which order things happen
there: `warming`, the load, `resting`, and what `origin_log` says came through to the service.

Nothing of the service is imported: what is measured is what an HTTP client sees.
"""
