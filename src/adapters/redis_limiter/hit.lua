-- Counts one hit. KEYS[1] is the counter, written as "count end". ARGV are times in milliseconds by the clock of the node that asks:
-- now, the end of the window in which now lies, the latest end that a window may have, and how much longer the counter is kept.
-- Numbers are kept as text where they can be: Lua would write the larger ones with an exponent.
local now, latest = tonumber(ARGV[1]), tonumber(ARGV[3])
local count, ending = 0, ARGV[2]

local kept = redis.call('GET', KEYS[1])
if kept then
    local kept_count, kept_ending = string.match(kept, '^(%d+) (%d+)$')
    if not kept_ending then
        return redis.error_reply('ERR the key holds something else than a counter')
    end
    if tonumber(kept_ending) > now then
        count, ending = tonumber(kept_count), kept_ending
    end
end

-- The clock went back. If it had been far ahead, the window may not end for years; one more than the present one is enough.
if tonumber(ending) > latest then
    ending = ARGV[3]
end
if count < 4294967295 then
    count = count + 1
end
local rest = tonumber(ending) - now + tonumber(ARGV[4])
redis.call('SET', KEYS[1], string.format('%.0f %s', count, ending), 'PX', string.format('%.0f', rest))
return {count, tonumber(ending)}
