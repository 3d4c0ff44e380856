-- Put before every script. A script sees the whole state of one thread and changes it in one step.
-- KEYS: 1 epoch, 2 context, 3 thread, 4 turns, 5 answers, 6 forgotten (a script that concerns no thread gets only the first).
-- ARGV: 1 process, 2 the epoch the caller knows, 3 its highest acknowledged write, 4 clock offset in ms; then its own.
-- Answers are {the process' write counter, kind, ...}.
local EPOCH, CONTEXT, THREAD, TURNS, ANSWERS, FORGOTTEN = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local WRITES, ID, SEEN = 'w:' .. ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local NOW = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[4])

-- Numbers as text without an exponent: Lua's own form loses digits from 15 on.
local function whole(number) return string.format('%.0f', number) end

-- Everything is checked before the first write, so that a script that fails has written nothing.
for place, key in ipairs(KEYS) do
  local wanted = ({ 'hash', 'string', 'hash', 'zset', 'hash', 'string' })[place]
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= wanted then return { 0, 'unreadable', key, wanted } end
end
-- This Redis lost writes when it forgot the epoch or knows fewer of this process' writes than it acknowledged.
local id = redis.call('HGET', EPOCH, 'id')
if id ~= ID or tonumber(redis.call('HGET', EPOCH, WRITES) or 0) < SEEN then return { 0, 'epoch', id } end

-- The first write of every script: if Redis is out of memory it is this one that is refused.
local function count_write() return redis.call('HINCRBY', EPOCH, WRITES, 1) end

local function state_of(ts) return redis.call('HGET', THREAD, 'e:' .. ts) end

local function begins(text, start) return string.sub(text, 1, #start) == start end

local function is_waiting(state) return state == 'open' or begins(state, 'post:') end

local function drop_owner() redis.call('HDEL', THREAD, 'owner', 'event', 'copy', 'until') end

-- Whether the thread was last entered in this epoch. What an older one says about turns and owners is void.
local function in_this_epoch() return redis.call('HGET', THREAD, 'epoch') == ID end

-- Voids what another epoch left: its copies may be acked long ago, and a turn without a copy blocks the thread for ever.
-- The context is of before the loss too: it may lack turns that people see (stale), until one replaces it.
local function enter_epoch()
  if in_this_epoch() then return end
  if redis.call('HEXISTS', THREAD, 'epoch') == 1 then redis.call('HSET', THREAD, 'stale', '1') end
  local fields = redis.call('HGETALL', THREAD)
  for place = 1, #fields, 2 do
    local name, value = fields[place], fields[place + 1]
    if begins(name, 'e:') and is_waiting(value) then
      local ts = string.sub(name, 3)
      redis.call('HDEL', THREAD, name, 'n:' .. ts, 'u:' .. ts, 'r:' .. ts, 'm:' .. ts, 's:' .. ts)
    end
  end
  drop_owner()
  redis.call('HDEL', THREAD, 'posting')
  redis.call('DEL', TURNS)
  redis.call('HSET', THREAD, 'epoch', ID)
end

-- Puts a question into the turn list. Unknown and so old that it may have been forgotten = doubtful (u:): nobody knows
-- whether Slack has its answer. ZADD again costs nothing and heals a turn list that was set aside.
local function take_number(ts, score, state, doubtful_after)
  if not state then
    state = 'open'
    redis.call('HSET', THREAD, 'e:' .. ts, state)
    if NOW - tonumber(score) / 1000 > doubtful_after then redis.call('HSET', THREAD, 'u:' .. ts, '1') end
  end
  redis.call('ZADD', TURNS, score, ts)
  return state
end

-- The only question that may run: the one whose posting has begun, else the oldest.
local function head() return redis.call('HGET', THREAD, 'posting') or redis.call('ZRANGE', TURNS, 0, 0)[1] end

local function owns(ts, me)
  local held = redis.call('HMGET', THREAD, 'owner', 'event')
  return held[1] == me and held[2] == ts
end

-- Takes a question out of the turn list for good.
local function close_turn(ts, state)
  redis.call('HSET', THREAD, 'e:' .. ts, state)
  redis.call('HDEL', THREAD, 'n:' .. ts, 'r:' .. ts, 'm:' .. ts)
  redis.call('ZREM', TURNS, ts)
  redis.call('HDEL', ANSWERS, ts)
  if redis.call('HGET', THREAD, 'posting') == ts then redis.call('HDEL', THREAD, 'posting') end
  if redis.call('HGET', THREAD, 'event') == ts then drop_owner() end
end

-- The three keys of a thread are forgotten together.
local function remember_for(duration)
  for _, key in ipairs({ THREAD, TURNS, ANSWERS }) do redis.call('PEXPIRE', key, duration) end
end
