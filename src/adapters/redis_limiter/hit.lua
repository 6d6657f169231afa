-- Counts one hit. KEYS[1] is the counter, stored as "count end". ARGV holds times in milliseconds
-- by the clock of the calling node: now, the end of the window that now belongs to, the latest end
-- that a window may have, and how much longer the counter is kept. Numbers stay text where
-- possible: Lua would write large ones with an exponent.
local now, latest = tonumber(ARGV[1]), tonumber(ARGV[3])
local count, ending = 0, ARGV[2]

local kept = redis.call('GET', KEYS[1])
if kept then
    local kept_count, kept_ending = string.match(kept, '^(%d+) (%d+)$')
    if not kept_ending then
        return redis.error_reply('ERR the key does not hold a counter')
    end
    if tonumber(kept_ending) > now then
        count, ending = tonumber(kept_count), kept_ending
    end
end

-- The clock may have gone back. Had it been far ahead, the window would not end for years, so it
-- ends with the next window at the latest.
if tonumber(ending) > latest then
    ending = ARGV[3]
end
if count < 4294967295 then
    count = count + 1
end
local rest = tonumber(ending) - now + tonumber(ARGV[4])
redis.call('SET', KEYS[1], string.format('%.0f %s', count, ending), 'PX', string.format('%.0f', rest))
return {count, tonumber(ending)}
