-- ts, ts of the message or '', when that was (ms), remember ms
local ts, message, began, remember = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local counter = count_write()
enter_epoch()
local stream = redis.call('HGET', THREAD, 's:' .. ts)
-- The first message stays: one question has one stream.
if not (stream and string.find(stream, ':', 1, true)) then
  if message ~= '' then
    redis.call('HSET', THREAD, 's:' .. ts, (stream or began) .. ':' .. message)
    remember_for(remember)
  elseif stream then
    redis.call('HDEL', THREAD, 's:' .. ts)
  end
end
local state = state_of(ts)
return { counter, state and not is_waiting(state) and 'decided' or 'ok' }
