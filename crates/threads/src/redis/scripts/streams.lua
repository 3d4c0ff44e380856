-- ts
-- Reads only: the streams of the thread, the question's own and the others' messages, and whether another one begins.
local ts, own, others, another = ARGV[5], false, {}, 0
local counter = tonumber(redis.call('HGET', EPOCH, WRITES) or 0)
if not in_this_epoch() then return { counter, 'ok', own, another, '' } end
local fields = redis.call('HGETALL', THREAD)
for place = 1, #fields, 2 do
  local name, stream = fields[place], fields[place + 1]
  if name == 's:' .. ts then
    own = stream
  elseif begins(name, 's:') then
    local colon = string.find(stream, ':', 1, true)
    if colon then
      others[#others + 1] = string.sub(stream, colon + 1)
    elseif begins(state_of(string.sub(name, 3)) or '', 'post:') then
      another = 1
    end
  end
end
return { counter, 'ok', own, another, table.concat(others, ',') }
