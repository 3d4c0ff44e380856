-- Stands alone, without the prelude. Sets a new epoch if the one found is still the one that was seen; answers with the
-- one that is there now, so that asking again after a lost reply is safe.
-- KEYS: epoch. ARGV: seen id or '', new id or '' to look only, clock offset ms, clock margin ms, settle ms; margin < 0 = a first start.
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then return { 0, 'unreadable', KEYS[1], 'hash' } end
local id = redis.call('HGET', KEYS[1], 'id')
if (id or '') ~= ARGV[1] or ARGV[2] == '' then return { 0, 'ok', id } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3])
local margin, since, settle_until = tonumber(ARGV[4]), 0, 0
if margin >= 0 then since, settle_until = now + margin, now + tonumber(ARGV[5]) end
-- HSET first: it is what is refused when memory is full, and then nothing is deleted either.
redis.call('HSET', KEYS[1], 'id', ARGV[2], 'since', string.format('%.0f', since), 'settle_until', string.format('%.0f', settle_until))
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 2) == 'w:' then redis.call('HDEL', KEYS[1], field) end
end
return { 0, 'ok', ARGV[2] }
