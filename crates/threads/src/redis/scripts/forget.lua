-- ts of the request, remembered for ms, remember ms of the thread
local at, remembered, remember = ARGV[5], ARGV[6], ARGV[7]
local counter = count_write()
-- Said again, or late: what was said since stays.
local last = tonumber(redis.call('GET', FORGOTTEN) or '')
if last and last >= tonumber(at) then return { counter, 'ok', 0 } end
-- What is older is not read from Slack again either.
redis.call('SET', FORGOTTEN, at, 'PX', remembered)
-- An answer that is under way finds another generation, and does not bring the context back.
redis.call('HINCRBY', THREAD, 'gen', 1)
local removed = redis.call('DEL', CONTEXT)
remember_for(remember)
return { counter, 'ok', removed }
