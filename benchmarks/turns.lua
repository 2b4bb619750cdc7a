-- Which URL is asked next? Each of a list in turn, one a line: path, and after a tab an ETag or nothing.
-- For benchmarks/turns.py: wrk -s benchmarks/turns.lua ADDRESS -- FILE
dofile("benchmarks/report.lua")

local requests, at = {}, 0

function init(arguments)
    for line in io.lines(arguments[1]) do
        local path, etag = line:match("^([^\t]*)\t(.*)$")
        local fields = {Host = "localhost"}
        if etag ~= "" then fields["If-None-Match"] = etag end
        requests[#requests + 1] = wrk.format("GET", path, fields)
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end
