"""Telling the edges what has changed: after it was invalidated inside, until they have heard it.

`role`: which process purges, one at a time. `purger`: what is due, and in which order. `telling`: in
how many calls one edge is told, how often, and when again after a failure. `standing`: what waits
and what fails, for people and probes.
"""
