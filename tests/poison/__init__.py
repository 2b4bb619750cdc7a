"""Can anybody make a cache keep something wrong? Known ways to do it, each sent to a proxy in front of us.

case.py        what a case is: a line of data
cases/         the cases, by kind
content.py     what is there to be poisoned: for each case things of its own
exchange.py    the attacker's bytes, and the clean requests that follow
wire.py        what may happen between the proxy and the origin
verdict.py     is an answer what the origin says when nobody attacks it?
suite.py       all cases against one target
origins.py     who is attacked: the service, and a plain Django view beside it
"""
