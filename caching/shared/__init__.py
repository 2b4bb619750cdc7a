"""What do all workers share, and how does each take part?

keys, scripts (what is in Redis, and what happens there at once) · connections, link (how it is
reached, and whether) · log, leases (how all hear of a change) · tail, passes (how one hears, and
for how long that holds) · l2, claims (what others have built, or build) · fleet (one worker) ·
onlooker (a command).
"""
