-- ts, burial id, remember ms
local ts, burial, remember = ARGV[5], ARGV[6], ARGV[7]
local counter = count_write()
if not in_this_epoch() then return { counter, 'other_epoch' } end
local state = state_of(ts)
if not state then return { counter, 'other_epoch' } end -- forgotten: a claim takes it up again
if is_waiting(state) then
  -- Buried while posting: if it is replayed, Slack is asked first.
  if begins(state, 'post:') then redis.call('HSET', THREAD, 'u:' .. ts, '1') end
  state = 'dead:' .. burial
  -- A replay that failed again: its person was told by the first burial's notice.
  local notice = redis.call('HGET', THREAD, 'm:' .. ts)
  if notice then state = state .. ':' .. notice end
  close_turn(ts, state)
  remember_for(remember)
end
return { counter, 'final', state }
