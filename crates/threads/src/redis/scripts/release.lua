-- ts, owner, state: keep | open, attempt: keep | back, rest ms
local ts, me, reopen, give_back, rest = ARGV[5], ARGV[6], ARGV[7] == 'open', ARGV[8] == 'back', tonumber(ARGV[9])
local counter = count_write()
if not in_this_epoch() then return { counter, 'other_epoch' } end
-- Said twice, the second time finds no owner: an attempt is given back once.
if not owns(ts, me) then return { counter, 'lost' } end
if reopen then
  redis.call('HSET', THREAD, 'e:' .. ts, 'open')
  redis.call('HDEL', THREAD, 'posting')
  if rest > 0 then redis.call('HSET', THREAD, 'r:' .. ts, whole(NOW + rest)) end
end
if give_back then
  local attempts = tonumber(redis.call('HGET', THREAD, 'n:' .. ts) or 0)
  redis.call('HSET', THREAD, 'n:' .. ts, math.max(attempts - 1, 0))
end
drop_owner()
return { counter, 'ok' }
