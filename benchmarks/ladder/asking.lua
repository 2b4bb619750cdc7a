-- Which URL is asked next, and what came of it? For benchmarks/ladder/asking.py:
--   wrk -s asking.lua ADDRESS                   the address alone, over and over
--   wrk -s asking.lua ADDRESS -- FILE again     each line of a file in turn, over and over
--   wrk -s asking.lua ADDRESS -- FILE once      each line of a file, and then the end
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds, microseconds; } moment; int gettimeofday(moment *, void *);")

local requests, at, once, began, walker = {}, 0, false, nil, nil
took = 0 -- Microseconds of a walk that came to its end; wrk itself would wait for its time to be over.

local function microseconds()
    local now = ffi.new("moment")
    ffi.C.gettimeofday(now, nil)
    return tonumber(now.seconds) * 1e6 + tonumber(now.microseconds)
end

local function following()
    began = began or microseconds()
    at = at + 1
    if at > #requests then
        at = 1
        if once and took == 0 then
            took = microseconds() - began
            wrk.thread:stop()
        end
    end
    return requests[at]
end

function setup(thread)
    walker = thread
end

function init(arguments)
    if arguments[1] == nil then return end
    once = arguments[2] == "once"
    for path in io.lines(arguments[1]) do
        requests[#requests + 1] = wrk.format("GET", path)
    end
    -- Only who walks pays for a call into Lua with each request.
    request = following
end

function done(summary, latency, requests)
    local errors, walked = summary.errors, walker:get("took")
    io.write(string.format(
        '\n{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "bytes": %d, "failures": %d}\n',
        summary.requests, walked > 0 and walked or summary.duration,
        latency:percentile(50), latency:percentile(99), summary.bytes,
        errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
