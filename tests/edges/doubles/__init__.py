"""What do the vendors' interfaces do with what we send them?

fastly, cloudflare: real HTTP servers with the paths, authentication, limits and JSON of the
vendor's purge interface, that keep labelled answers, so that a test sees what a purge took away.
server is what they share, objects what they keep.
"""
