"""Which views do the Django rungs have? From the first that one writes to the cached ones.

They are kept here and not taken from `api`, so that what we compare with stays what it is while
the service becomes faster; only the querysets and the cursors are the service's own.
"""
