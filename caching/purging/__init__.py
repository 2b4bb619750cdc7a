"""Telling the edges what has changed: after it was invalidated inside, until they have heard it.

role      which process purges, one at a time        purger    when it looks at the queue
rounds    what it does then, and in which order      due       what is to be told, and what became of it
telling   one edge: in how many calls, how often, and when again after a failure
standing  what waits and what fails, for people and probes
named     keys that somebody names by hand
"""
