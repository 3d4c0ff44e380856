-- Stands alone, without the prelude. A leaky bucket shared by all workers (GCRA): one number, the time at which the bucket
-- will be empty.
-- KEYS: the lane. ARGV: interval ms, burst, clock offset ms, hold ms or 0: no permit, but nobody gets one for so long.
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'string' then return { 0, 'unreadable', KEYS[1], 'string', '' } end
local interval, burst, hold = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3])
local empty_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0) or 0, now)
local full = interval * (burst - 1)
if hold > 0 then
  empty_at = math.max(empty_at, now + hold + full)
elseif empty_at - now > full then
  return { 0, 'wait', empty_at - now - full }
else
  empty_at = empty_at + interval
end
redis.call('SET', KEYS[1], string.format('%.0f', empty_at), 'PX', math.max(math.ceil(empty_at - now), 1))
return { 0, 'granted' }
