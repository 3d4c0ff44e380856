-- ts, owner, lease ms
local ts, me, lease = ARGV[5], ARGV[6], tonumber(ARGV[7])
local counter = count_write()
if not in_this_epoch() then return { counter, 'other_epoch' } end
if not owns(ts, me) then return { counter, 'lost' } end
-- Never shorter than it is: the lease of a post covers the longest call to Slack.
local until_ms = tonumber(redis.call('HGET', THREAD, 'until') or 0)
redis.call('HSET', THREAD, 'until', whole(math.max(until_ms, NOW + lease)))
return { counter, 'ok' }
