-- The smallest write: shows that Redis takes writes, and notices that it forgot some.
return { count_write(), 'ok' }
