-- Stands alone, without the prelude. When the people of a thread were last told that a question of theirs waits: they are
-- told once in a while, by all workers together.
-- KEYS: the thread's note. ARGV: at most once in so many ms, remembered for so many ms; or 0 and 0: forget it. Clock offset.
-- Answers whether to tell, or whether there was something to forget.
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'string' then return { 0, 'unreadable', KEYS[1], 'string', '' } end
local every, remembered = tonumber(ARGV[1]), tonumber(ARGV[2])
if remembered == 0 then return { 0, redis.call('DEL', KEYS[1]) == 1 and 'yes' or 'no' } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3])
local told = tonumber(redis.call('GET', KEYS[1]) or '')
if told and now - told < every then return { 0, 'no' } end
redis.call('SET', KEYS[1], string.format('%.0f', now), 'PX', remembered)
return { 0, 'yes' }
