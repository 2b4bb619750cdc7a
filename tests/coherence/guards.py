"""What keeps a read from being stale?

Each guard is a rule of the protocol that can be taken away. The full protocol keeps all of them,
and the exploration finds no stale read; without any one of them it finds one.
"""

from __future__ import annotations

from enum import Enum


class Guard(Enum):
    """A rule of the protocol; the value says what it is."""

    ATOMIC_INVALIDATION = "generations are deleted and the record appended in one step"
    INVALIDATE_BEFORE_DELETING = "the relay invalidates before it commits the deletion of the rows"
    START_BEFORE_READING = "a build notes its start before it reads the database"
    VOUCHING = "no entry is stored in L2 whose key the log holds since the build's start"
    VOUCHING_REACHES_BACK = "nor if the log no longer reaches back to the start"
    VOUCHING_KNOWS_HISTORY = "nor if the start belongs to another history"
    REFUSE_TO_PUT = "no build is put into L1 that was overtaken by an invalidation"
    REFUSE_TO_PROMOTE = "nor an entry of L2"
    GENERATIONS = "an entry of L2 is used only if its generation is still the same"
    RANDOM_GENERATIONS = "a generation that was lost never comes back"
    L2_ONLY_WHEN_TRUSTING = "a worker without a lease does not read L2"
    DROPPING_BEFORE_TELLING = "the tail drops from L1 before it says that it has come so far"
    GAPS = "a tail that finds a record missing forgets everything"
    FORGETTING_REACHES_BUILDS = "what is forgotten or dropped overtakes builds and promotions too"
    WAITING = "a writer waits until every live worker has passed its record"
    LAST_AFTER_ROWS = "who finds his rows relayed by another asks for the log's last record after that"
    LEASES_END = "a worker trusts its L1 for a lease, and no longer"
    LEASE_FROM_SENDING = "a lease counts from before its renewal was sent"
    LEASE_ONCE_CAUGHT_UP = "a lease begins once the tail has come as far as the log had"
    COMPARE_AND_BURY = "a worker is taken for dead only if it still says what it said a lease ago"
    STATE_IS_KNOWN = "who waits notices that Redis has lost its memory"
    PHANTOM = "in a new history nobody is acknowledged before a whole lease has passed"
    PHANTOM_OF_ITS_OWN = "the phantom of one history is not that of another"
    NEW_HISTORY_ENDS_ENTRIES = "a new history makes what is in L2 unusable"
    LEASE_FROM_LOOK = "a lease counts from before the last look at the outbox"
    RENEWING_AFTER_LOOK = "it begins with a renewal that was sent after that look"
    LOOK_AFTER_ARRIVAL = "without a lease, a read waits for a look at the outbox that began after it arrived"
    LOOK_DROPS = "rows that a look shows are dropped from L1"
    LOOK_KNOWS_PASSES = "a look that shows an unknown pass of a relay clears L1"
    LOOK_IN_ONE_SNAPSHOT = "a look sees rows and passes at the same moment"
    TOKENS_OF_PASSES = "a pass that was rolled back and the next one do not look the same"
    FOLLOWERS_ARRIVE = "a follower refuses a build that was overtaken before it arrived"
    FOLLOWERS_LOOK = "without a lease, a follower looks at the outbox before it joins"
    FRAGMENTS_DROPPED = "the tail drops fragments from L1, too"
    FRAGMENTS_REFUSED = "no fragment is put into L1 that was overtaken by an invalidation"
    FRAGMENTS_MADE_BEFORE = "a build takes only fragments that were made before it began"
    FRAGMENTS_SEE_OUTBOX = "nor does it take any whose key its own snapshot shows in the outbox"
    FRAGMENTS_VOUCHED = "a page with a fragment in it is answered only if Redis has vouched for it"
    FRAGMENTS_BUILT_ANEW = "and is built anew, without fragments, if a write has overtaken it"
    WHOLE_LEASE_ALONE = "a writer without Redis waits a whole lease, even if his rows are gone"


class Protocol:
    """The rules that are in force."""

    def __init__(self, without: Guard | None = None) -> None:
        self.without = without

    def keeps(self, guard: Guard) -> bool:
        """Tell whether a guard is in force."""
        return guard is not self.without
