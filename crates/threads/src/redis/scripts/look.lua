-- ts
-- Reads only: what became of a question.
local counter = tonumber(redis.call('HGET', EPOCH, WRITES) or 0)
local state = in_this_epoch() and state_of(ARGV[5])
if not state then return { counter, 'unknown' } end
if is_waiting(state) then return { counter, 'open' } end
return { counter, 'final', state }
