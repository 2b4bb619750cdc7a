"""Which steps happen in Redis all at once, or not at all?

Lua, for the rules of `docs/coherence.md` that nothing may come between. Each script is given
the keys of `keys.COHERENCE` first, and a random token as its first argument. Each begins by
making sure that the history is known: a server that was flushed, or has evicted it, starts a
new one, in which nothing that was known before counts.

A new history
* deletes the generation of everything, so that no entry in L2 can be used any more;
* begins a new log, numbered from the server's microseconds, so that numbers only grow;
* notes a phantom worker that never renews its lease. Leases of the history before may still be
  running unseen, so no writer is acknowledged before a whole lease has passed.

The first write of each script frees memory or adds none: Redis lets a script go on without
memory once it has written (a cache that is full must still be invalidated).
"""

from __future__ import annotations

from typing import Final

from caching import codec

_HISTORY: Final = """
local state, log, everything, token = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local function integer(number) return string.format('%.0f', number) end
local function run_id() return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') end
local function begin()
  local time = redis.call('TIME')
  local last = integer(time[1] * 1000000 + time[2])
  redis.call('DEL', state, log, everything)
  redis.call('HSET', state, 'history', run_id() .. '/' .. token, 'last', last, 'w:~' .. token, '1 0')
  redis.call('XADD', log, last .. '-0', 'keys', 'all', 'pass', '0')
end
redis.call('HDEL', state, '')
local history = redis.call('HGET', state, 'history')
"""

_KNOWN: Final = f"""{_HISTORY}
if not history then
  begin()
  history = redis.call('HGET', state, 'history')
end
"""

# On every new connection: is this the server, and its memory, that it was? With an ARGV after the
# token, there are Sentinels: a master that was replaced must then refuse whoever still talks to it,
# or leases would be renewed here and changes announced there. It does if it needs a replica to write.
GREET: Final = f"""{_HISTORY}
if ARGV[2] and not string.find(redis.call('INFO', 'replication'), 'min_slaves_good_slaves') then
  return redis.error_reply('READPATH behind Sentinels, min-replicas-to-write must be at least 1')
end
local run = run_id()
if not history or string.sub(history, 1, #run + 1) ~= run .. '/' then begin() end
return 1
"""

# ARGV: token, id of the relay's pass (0: none), surrogate keys by line. KEYS: their generations.
INVALIDATE: Final = f"""{_KNOWN}
for first = 4, #KEYS, 1000 do
  redis.call('UNLINK', unpack(KEYS, first, math.min(first + 999, #KEYS)))
end
local number = integer(redis.call('HINCRBY', state, 'last', 1))
if ARGV[2] ~= '0' then redis.call('HSET', state, 'pass', ARGV[2]) end
redis.call('XADD', log, 'MAXLEN', '~', 10000, number .. '-0', 'keys', ARGV[3], 'pass', ARGV[2])
return number
"""

# ARGV: token, worker, beat, position, the history to which the position belongs. Returns the state.
RENEW: Final = f"""{_KNOWN}
local position = ARGV[4]
if ARGV[5] ~= history then position = '0' end
redis.call('HSET', state, 'w:' .. ARGV[2], ARGV[3] .. ' ' .. position)
return redis.call('HGETALL', state)
"""

# Returns the state: where the log ends, and what every worker has said last.
LOOK: Final = f"""{_KNOWN}
return redis.call('HGETALL', state)
"""

# ARGV: token, worker, beat. A worker that has renewed meanwhile lives.
BURY: Final = f"""{_HISTORY}
local said = redis.call('HGET', state, 'w:' .. ARGV[2])
if said and string.match(said, '^%d+') == ARGV[3] then redis.call('HDEL', state, 'w:' .. ARGV[2]) end
return 1
"""

# ARGV: token, history and number at the start of the build, seconds to live, length of the
# prefix of a generation's key, a new generation. KEYS: the generations of what the entry carries.
# Returns the generations, or nothing where a write has overtaken the build, or may have.
VOUCH: Final = f"""{_KNOWN}
if history ~= ARGV[2] then return {{}} end
local start, last = tonumber(ARGV[3]), tonumber(redis.call('HGET', state, 'last'))
if last > start then
  local since = last - start <= 1000 and redis.call('XRANGE', log, integer(start + 1) .. '-0', '+') or {{}}
  if #since ~= last - start then return {{}} end
  local carried, prefix = {{}}, tonumber(ARGV[5]) + 1
  for i = 4, #KEYS do carried[string.sub(KEYS[i], prefix)] = true end
  for _, record in ipairs(since) do
    for key in string.gmatch(record[2][2], '[^\\n]+') do
      if carried[key] then return {{}} end
    end
  end
end
local found = {{}}
for i = 4, #KEYS do
  local generation = redis.call('GETEX', KEYS[i], 'EX', ARGV[4])
  if not generation then
    redis.call('SET', KEYS[i], ARGV[6], 'EX', ARGV[4])
    generation = ARGV[6]
  end
  found[#found + 1] = generation
end
return found
"""

# KEYS: an entry. ARGV: the prefix of a generation's key, the first bytes of what this release can
# read. Returns the entry if all its generations hold; what cannot be read is returned as it is. One
# journey instead of two, and nothing comes between; but entry and generations must be on one server.
READ: Final = f"""
local data = redis.call('GET', KEYS[1])
if not data or #data < {codec.PARTS_AT} or string.sub(data, 1, #ARGV[2]) ~= ARGV[2] then return data end
local fields, variants = struct.unpack('<HH', data, {codec.COUNTS_AT + 1})
local url, keys, generations = struct.unpack('<III', data, {codec.LENGTHS_AT + 1})
local parts = {codec.PARTS} + {codec.PER_FIELD} * fields + {codec.PER_VARIANT} * variants
local first = {codec.LENGTHS_AT + 1} + 4 * parts + url
local names = {{}}
for key in string.gmatch(string.sub(data, first, first + keys - 1), '[^\\n]+') do
  names[#names + 1] = ARGV[1] .. key
end
local held = string.sub(data, first + keys, first + keys + generations - 1)
local at = 1
for from = 1, #names, 1000 do
  local to = math.min(from + 999, #names)
  local found = redis.call('MGET', unpack(names, from, to))
  for i = 1, to - from + 1 do
    if not found[i] or found[i] ~= string.sub(held, at, at + #found[i] - 1) then return false end
    at = at + #found[i]
  end
end
return data
"""
