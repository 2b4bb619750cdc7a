"""How does a value change in Redis, and the log say so, in one step?

A worker that dies between the two would leave an old value in the L1 of all others. So each
change is a script that changes the value and appends to the log, by the text that all
invalidations run (`shared/scripts.py`). For that, values share the hash slot of the log. In a
cluster they live on one node: sessions and counts are small; entries, which are not, spread.

KEYS: those of `keys.COHERENCE`, then values. ARGV: random token, the changed surrogate keys by
line, milliseconds to live (empty: for ever; 0: not at all), then what each script says. All
return the record's number first, 0 if nothing changed. The change comes before the record, for
a Redis that is full refuses only the first write of a script.
"""

from __future__ import annotations

from typing import Final

from caching.shared import scripts

_VALUE: Final = b"{readpath}:c:"
EVERY_VALUE: Final = _VALUE + b"*"
# The values of caches that have a bound, in the order in which they were set.
BOUNDED: Final = b"{readpath}:n"

_ANNOUNCING: Final = f"""
local names, words = KEYS, ARGV
local function announce()
  local KEYS, ARGV = {{names[1], names[2], names[3]}}, {{words[1], '0', words[2]}}
  {scripts.INVALIDATE}
end
local function store(name, value)
  if words[3] == '' then redis.call('SET', name, value)
  elseif words[3] == '0' then redis.call('UNLINK', name)
  else redis.call('SET', name, value, 'PX', words[3]) end
end
"""

# Then: the values, in the order of their keys.
SET: Final = f"""{_ANNOUNCING}
for i = 4, #KEYS do store(KEYS[i], ARGV[i]) end
return {{announce()}}
"""

# Then: the value, and one that may be replaced because nobody can read it. Returns what is there.
ADD: Final = f"""{_ANNOUNCING}
local found = redis.call('GET', KEYS[4])
if found and found ~= ARGV[5] then return {{0, found}} end
store(KEYS[4], ARGV[4])
return {{announce()}}
"""

# Returns how many were there. What Redis has evicted may still be in somebody's L1: always say so.
DELETE: Final = f"""{_ANNOUNCING}
local count = 0
for i = 4, #KEYS do count = count + redis.call('UNLINK', KEYS[i]) end
return {{announce(), count}}
"""

TOUCH: Final = f"""{_ANNOUNCING}
if redis.call('EXISTS', KEYS[4]) == 0 then return {{0}} end
if ARGV[3] == '' then redis.call('PERSIST', KEYS[4])
elseif ARGV[3] == '0' then redis.call('UNLINK', KEYS[4])
else redis.call('PEXPIRE', KEYS[4], ARGV[3]) end
return {{announce()}}
"""

# Then: the difference. Returns the sum, or, with 0, what is there and is no integer, if anything.
INCREASE: Final = f"""{_ANNOUNCING}
local found = redis.call('GET', KEYS[4])
if not found or not string.match(found, '^%-?%d+$') then return {{0, found}} end
local sum = redis.pcall('INCRBY', KEYS[4], ARGV[4])
if type(sum) == 'table' then return {{0, found}} end
return {{announce(), redis.call('GET', KEYS[4])}}
"""

# Then: the new value, and the old one. Time to live stays.
EXCHANGE: Final = f"""{_ANNOUNCING}
if redis.call('GET', KEYS[4]) ~= ARGV[5] then return {{0}} end
redis.call('SET', KEYS[4], ARGV[4], 'KEEPTTL')
return {{announce()}}
"""

# For a cache with a bound, before values are set. KEYS: those that are bounded, the values.
# ARGV: how many there may be; which part is removed when there are as many (0: all). Who holds one
# of them in L1 may keep it: it has not changed.
MAKE_ROOM: Final = """
local bounded, most, part = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
if redis.call('ZCARD', bounded) >= most then
  for _, name in ipairs(redis.call('ZRANGE', bounded, 0, -1)) do
    if redis.call('EXISTS', name) == 0 then redis.call('ZREM', bounded, name) end
  end
  local count = redis.call('ZCARD', bounded)
  local removed = count >= most and (part == 0 and count or math.floor(count / part)) or 0
  if removed > 0 then
    for _, name in ipairs(redis.call('ZRANGE', bounded, 0, removed - 1)) do
      redis.call('UNLINK', name)
      redis.call('ZREM', bounded, name)
    end
  end
end
local last = redis.call('ZRANGE', bounded, -1, -1, 'WITHSCORES')[2] or 0
for i = 2, #KEYS do redis.call('ZADD', bounded, last + i, KEYS[i]) end
return 1
"""


def value_name(key: str) -> bytes:
    """Return where in Redis the value of a cache key is."""
    return _VALUE + key.encode("utf-8", "surrogatepass")
