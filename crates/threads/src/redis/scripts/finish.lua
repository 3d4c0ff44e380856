-- ts, owner, answer ts list, pair, context when there is none or '', context that replaces it or '', bytes to cut off its
-- start, its length at the claim or -1, generation and count of recorded turns at the claim, context ttl ms, remember ms
local ts, me, posted, pair, absent, replace, cut = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local claimed, generation, recorded = tonumber(ARGV[12]), ARGV[13], ARGV[14]
local context_ttl, remember = ARGV[15], tonumber(ARGV[16])

-- Where the array ends, and whether it is empty. JSON is spliced as text and never decoded: Lua's decoder changes
-- numbers and turns empty arrays into objects, and another application's entries have to survive byte for byte.
local value = redis.call('GET', CONTEXT)
local last, empty
if value then
  local first = string.match(value, '^%s*()%[')
  last = string.match(value, '.*()%S')
  if not first or string.sub(value, last, last) ~= ']' then return { 0, 'unreadable', CONTEXT, 'string', value } end
  empty = not string.find(value, '^%s*[^%s%]]', first + 1)
end

local counter = count_write()
if not in_this_epoch() then return { counter, 'other_epoch' } end
local state = state_of(ts)
if not state then return { counter, 'other_epoch' } end -- forgotten: a claim takes it up again
if not is_waiting(state) then return { counter, 'final', state } end
-- A worker that lost its lease may still finish what it posted while the question is the head: the first record wins.
if not owns(ts, me) and head() ~= ts then return { counter, 'not_yet' } end

local how, before = 'left', false
local forgotten = (redis.call('HGET', THREAD, 'gen') or '0') ~= generation or (claimed >= 0 and not value)
if not forgotten then
  -- Another question was recorded since: replacing would drop its turn.
  local now_recorded = redis.call('HGET', THREAD, 'recorded') or '0'
  if replace ~= '' and now_recorded ~= recorded then return { counter, 'base_outdated', tonumber(now_recorded) } end
  if replace ~= '' then
    redis.call('SET', CONTEXT, replace)
    how = 'replaced'
  elseif not value then
    redis.call('SET', CONTEXT, absent)
    how = 'created'
  else
    if #value ~= claimed then before = value end -- somebody else wrote: the caller counts anew
    how = 'appended'
    if cut ~= '' and begins(value, cut) then
      -- Only what the caller saw is cut; what others appended meanwhile stays.
      local rest = string.sub(value, #cut + 1, last - 1)
      redis.call('SET', CONTEXT, '[' .. rest .. (string.find(rest, '%S') and ',' or '') .. pair .. ']')
      how = 'trimmed'
    else
      redis.call('SETRANGE', CONTEXT, last - 1, (empty and '' or ',') .. pair .. ']')
    end
  end
  redis.call('HINCRBY', THREAD, 'recorded', 1)
  if how == 'replaced' or how == 'created' then redis.call('HDEL', THREAD, 'stale') end
  redis.call('PEXPIRE', CONTEXT, context_ttl)
end
close_turn(ts, 'done:' .. posted)
redis.call('HDEL', THREAD, 'u:' .. ts)

-- What is older than any late copy goes; looked for in large hashes only, and then 26 times per memory, so that finish
-- stays cheap in a thread of many questions.
if redis.call('HLEN', THREAD) > 64 and NOW - tonumber(redis.call('HGET', THREAD, 'trimmed') or 0) > remember / 26 then
  redis.call('HSET', THREAD, 'trimmed', whole(NOW))
  local fields = redis.call('HGETALL', THREAD)
  for place = 1, #fields, 2 do
    local name, old = fields[place], string.sub(fields[place], 3)
    local seconds = begins(name, 'e:') and not is_waiting(fields[place + 1]) and tonumber(old)
    if seconds and NOW - seconds * 1000 > remember then redis.call('HDEL', THREAD, name, 'n:' .. old, 'u:' .. old, 'm:' .. old, 's:' .. old) end
  end
end
remember_for(remember)
return { counter, 'ok', how, before }
