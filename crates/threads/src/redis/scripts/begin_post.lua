-- ts, owner, kept answer or '' for a stream, lease ms, remember ms
local ts, me, answer, lease, remember = ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8]), ARGV[9]
local counter = count_write()
if not in_this_epoch() then return { counter, 'other_epoch' } end
local state = state_of(ts)
if state and not is_waiting(state) then return { counter, 'final', state } end
if not state or not owns(ts, me) then return { counter, 'lost' } end
-- Said twice, the later time counts: whoever looks in Slack later has to wait for the later post.
redis.call('HSET', THREAD, 'e:' .. ts, 'post:' .. whole(NOW), 'posting', ts, 'until', whole(NOW + lease))
-- Whoever posts has looked in Slack before, if that was needed.
redis.call('HDEL', THREAD, 'u:' .. ts)
if answer ~= '' then
  redis.call('HSET', ANSWERS, ts, answer)
else
  -- The time from which on its message may stand in Slack; note_stream adds which one it is.
  redis.call('HSETNX', THREAD, 's:' .. ts, whole(NOW))
end
remember_for(remember)
return { counter, 'ok' }
