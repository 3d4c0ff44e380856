-- ts, score, owner, copy, fresh, returned, lease ms, remember ms, doubtful after ms, context ttl ms
local ts, score, me, copy, fresh, returned = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9] == '1', ARGV[10] == '1'
local lease, remember, doubtful, context_ttl = tonumber(ARGV[11]), ARGV[12], tonumber(ARGV[13]), ARGV[14]
local counter = count_write()
enter_epoch()
local state = state_of(ts)
if state and not is_waiting(state) then return { counter, 'final', state } end
state = take_number(ts, score, state, doubtful)
remember_for(remember)

local held = redis.call('HMGET', THREAD, 'owner', 'event', 'copy', 'until')
local left = held[1] and tonumber(held[4] or 0) - NOW or 0
local mine = held[1] == me and held[2] == ts
local settling = NOW < tonumber(redis.call('HGET', EPOCH, 'settle_until') or 0)
-- The broker took this very copy away from the owner before anything was posted: its process died or its connection is
-- lost, and nobody waits for its lease. Should it live, it is fenced. A begun post has its lease: the call may be at Slack.
local taken_back = returned and state == 'open' and held[2] == ts and held[3] == copy
local taken = left > 0 and not mine and not taken_back
-- Another copy of a question that is being answered, and the owner's own copy is still in the broker.
if taken and fresh and held[2] == ts and held[3] ~= copy then return { counter, 'twin' } end
-- After a failure the question rests, whichever copy asks.
local rest = not mine and tonumber(redis.call('HGET', THREAD, 'r:' .. ts) or 0) - NOW or 0
if rest > 0 then left = math.max(left, rest) end
if settling or taken or rest > 0 or (head() ~= ts and not (mine and left > 0)) then
  return { counter, 'wait', redis.call('ZRANK', TURNS, ts), math.max(left, 0), settling and 1 or 0 }
end

local attempts = tonumber(redis.call('HGET', THREAD, 'n:' .. ts) or 0)
if not mine then attempts = attempts + 1 end -- the same owner again = its first reply was lost
redis.call('HSET', THREAD, 'owner', me, 'event', ts, 'copy', copy, 'until', whole(NOW + lease), 'n:' .. ts, attempts)
redis.call('PEXPIRE', CONTEXT, context_ttl)

local previous, ago = 'open', 0
if begins(state, 'post:') then
  previous, ago = 'post', math.max(NOW - tonumber(string.sub(state, 6)), 0)
elseif redis.call('HEXISTS', THREAD, 'u:' .. ts) == 1 then
  previous = 'unknown'
elseif tonumber(score) < tonumber(redis.call('HGET', EPOCH, 'since') or 0) * 1000 then
  previous = 'before_epoch'
end
return {
  counter, 'run', previous, ago, attempts, tonumber(redis.call('HGET', THREAD, 'gen') or 0),
  tonumber(redis.call('HGET', THREAD, 'recorded') or 0), redis.call('HEXISTS', THREAD, 'stale'),
  redis.call('GET', CONTEXT), redis.call('HGET', ANSWERS, ts), redis.call('HGET', THREAD, 'm:' .. ts),
  redis.call('GET', FORGOTTEN),
  redis.call('HGET', THREAD, 's:' .. ts),
}
