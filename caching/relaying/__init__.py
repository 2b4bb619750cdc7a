"""Who passes on what the database has written down, and when is its writer told?

outbox (what waits) · relay (who takes it) · listening (who wakes him) · acknowledging (how long a
writer waits) · trust_lock (what he may conclude without Redis) · ownership (who may, without
Redis) · invalidates (who is told) · deadline (how long the database may keep us waiting).
"""
