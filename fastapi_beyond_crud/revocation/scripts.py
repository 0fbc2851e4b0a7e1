"""What runs inside Redis, each script in one step. One key each: a bucket.

A bucket is a hash: ``s:<session id>`` -> until, ``u:<user id>`` -> cutoff:version:until, ``gen`` -> the run id of
the server on which the bucket was last built from the database, ``ticket`` -> a rebuild is under way.

Nothing here deletes an entry that may still count, and nothing lowers a number. The run id is asked for inside the
script, so that it is that of the server on which the script's writes take place. ``ARGV[1]`` is ``presence`` where
the server hides its run id, and empty otherwise.
"""

_IDENTITY = """
local function identity(mode)
  if mode == 'presence' then return mode end
  local info = redis.pcall('INFO', 'server')
  if type(info) ~= 'string' then return 'presence' end
  return string.match(info, 'run_id:(%x+)') or 'presence'
end
-- A key of another type holds no entries: nothing is lost with it.
local function make_way()
  local kind = redis.call('TYPE', KEYS[1]).ok
  if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
end
-- The numbers of an entry, or nil if this is not one.
local function numbers(field, value)
  local found
  if string.sub(field, 1, 2) == 's:' then
    found = { string.match(value, '^(%d+)$') }
  else
    found = { string.match(value, '^(%d+):(%d+):(%d+)$') }
  end
  if #found == 0 then return nil end
  for i = 1, #found do
    if #found[i] > 15 then return nil end
  end
  return found
end
"""

PUSH = (
    _IDENTITY
    + """
-- ARGV: mode, then field and value in turn. Merges by the maximum of each number; returns the run id.
make_way()
for i = 2, #ARGV, 2 do
  local field, new = ARGV[i], numbers(ARGV[i], ARGV[i + 1])
  local stored = redis.call('HGET', KEYS[1], field)
  local old = stored and numbers(field, stored)
  if old then
    for n = 1, #new do
      if tonumber(old[n]) > tonumber(new[n]) then new[n] = old[n] end
    end
  end
  redis.call('HSET', KEYS[1], field, table.concat(new, ':'))
end
return identity(ARGV[1])
"""
)

BEGIN = (
    _IDENTITY
    + """
-- ARGV: mode, a new ticket, then fields in which a reader saw nonsense. Returns the ticket in force and
-- the run id. No ticket: the bucket is in order.
-- The ticket lives in the bucket: whatever loses the bucket loses the ticket with it.
make_way()
for i = 3, #ARGV do
  local value = redis.call('HGET', KEYS[1], ARGV[i])
  if value and not numbers(ARGV[i], value) then redis.call('HDEL', KEYS[1], ARGV[i], 'gen') end
end
local run = identity(ARGV[1])
if redis.call('HGET', KEYS[1], 'gen') == run then return { '', run } end
redis.call('HSETNX', KEYS[1], 'ticket', ARGV[2])
return { redis.call('HGET', KEYS[1], 'ticket'), run }
"""
)

FINISH = (
    _IDENTITY
    + """
-- ARGV: mode, ticket, run id at the beginning. 1 if the bucket counts as built from now on, 0 if the ticket is gone or
-- another server has taken over: then what was pushed meanwhile may be gone as well.
if redis.call('HGET', KEYS[1], 'ticket') ~= ARGV[2] or identity(ARGV[1]) ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], 'gen', ARGV[3])
redis.call('HDEL', KEYS[1], 'ticket')
return 1
"""
)

PRUNE = (
    _IDENTITY
    + """
-- ARGV: mode, cursor, how many fields to look at, the caller's time in seconds. Returns the next cursor, how many
-- entries went, and the run id. The earlier of two clocks counts: one that is ahead must not revive a token.
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return { '0', 0, identity(ARGV[1]) } end
local now = math.min(tonumber(redis.call('TIME')[1]), tonumber(ARGV[4]))
local page = redis.call('HSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local gone = 0
for i = 1, #page[2], 2 do
  local field = page[2][i]
  if field ~= 'gen' and field ~= 'ticket' then
    local found = numbers(field, page[2][i + 1])
    if not found then
      -- Nonsense may stand where a revocation stood: the bucket has to be built again.
      redis.call('HDEL', KEYS[1], field, 'gen')
    elseif tonumber(found[#found]) < now then
      gone = gone + redis.call('HDEL', KEYS[1], field)
    end
  end
end
return { page[1], gone, identity(ARGV[1]) }
"""
)
