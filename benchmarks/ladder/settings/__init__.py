"""How is each Django rung configured? One module each, as its documentation recommends.

All read the same tables through the same models. Where a rung has a cache in Redis, it is the one
whose socket `LADDER_REDIS` names.
"""
