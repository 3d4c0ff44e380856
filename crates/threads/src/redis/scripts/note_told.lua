-- ts, burial id, ts of the notice
local ts, burial, notice = ARGV[5], ARGV[6], ARGV[7]
local counter = count_write()
-- The first notice stays; another burial's is not touched.
if state_of(ts) == 'dead:' .. burial then redis.call('HSET', THREAD, 'e:' .. ts, 'dead:' .. burial .. ':' .. notice) end
return { counter, 'ok' }
