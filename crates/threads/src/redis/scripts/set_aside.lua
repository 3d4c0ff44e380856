-- Stands alone, without the prelude. Moves a key that cannot be read out of the way, if it is still that one.
-- KEYS: the key. ARGV: the type it should have, kept for ms, clock offset ms; then, if its type is right, the value that
-- cannot be read.
local found = redis.call('TYPE', KEYS[1]).ok
if found == 'none' then return { 0, 'ok' } end
if found == ARGV[1] and (not ARGV[4] or redis.call('GET', KEYS[1]) ~= ARGV[4]) then return { 0, 'ok' } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3])
local name = KEYS[1] .. ':unreadable:' .. string.format('%.0f', now)
redis.call('RENAME', KEYS[1], name)
redis.call('PEXPIRE', name, ARGV[2])
return { 0, 'ok', name }
