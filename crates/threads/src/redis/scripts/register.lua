-- ts, score, burial id that is replayed or '', remember ms, doubtful after ms
local ts, score, replay, remember, doubtful = ARGV[5], ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9])
local counter = count_write()
enter_epoch()
local state = state_of(ts)
if state and replay ~= '' and (state == 'dead:' .. replay or begins(state, 'dead:' .. replay .. ':')) then
  -- n: is gone since the burial; u: says whether it was buried while it was being posted. The notice that told the person
  -- stands in the thread: the answer will take its place.
  local notice = string.sub(state, #('dead:' .. replay .. ':') + 1)
  redis.call('HSET', THREAD, 'e:' .. ts, 'open')
  if notice ~= '' then
    redis.call('HSET', THREAD, 'm:' .. ts, notice)
    redis.call('HDEL', THREAD, 's:' .. ts) -- the notice took the draft's place
  end
  state = 'open'
end
if not state or is_waiting(state) then
  take_number(ts, score, state, doubtful)
  state = 'open'
end
remember_for(remember)
if state == 'open' then return { counter, 'open' } end
return { counter, 'final', state }
