"""What the Redis store does in one step on the server, in Lua.

The keys of a session carry its id as hash tag, so that all of them live on one node of a cluster; those of the index
carry one of their own. ARGV[1] is "1" where the call is repeated because its first answer was lost: what the first one
did already is not refused then.
"""

from __future__ import annotations

from hashlib import sha1

UNKNOWN, REFUSED, WENT_BACK = -1, -2, -3
"""Answers in place of a log's new end. What is published in its place is the store's GONE, -1, and REWRITTEN, -2."""


NODES, NEWS = "voice:node:", "voice:news:"
"""Channels: of a node, for requests for its sessions, and of a session, for the ends of its log."""


def key(sid: str, what: str = "session") -> str:
    """Where Redis has something of a session."""
    return f"voice:{{{sid}}}:{what}"


def keys_of(sid: str) -> list[str]:
    """All that it has of one."""
    return [key(sid, what) for what in ("session", "log", "ledger", "lease")]


class Script:
    """A script and the name Redis gives it."""

    __slots__ = ("sha", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = sha1(source.encode(), usedforsecurity=False).hexdigest()


# KEYS session; ARGV tried, card, epoch, milliseconds to live or "", keeper, owner
CREATE = Script("""
local card = redis.call('HGET', KEYS[1], 'card')
if card then return (ARGV[1] == '1' and card == ARGV[2]) and 1 or 0 end
redis.call('HSET', KEYS[1], 'card', ARGV[2], 'epoch', ARGV[3], 'keeper', ARGV[5], 'owner', ARGV[6])
redis.call('HSET', KEYS[1], 'fence', 0, 'seq', 0, 'holder', '')
if ARGV[4] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1
""")

# KEYS session, log, ledger; ARGV tried, fence, holder, first seq, events, another epoch, channel, rows, then
# turn and row of each, then the events. A log that ends before the events that were acknowledged has lost some: it goes
# continues under another epoch, and all fences are invalid.
APPEND = Script("""
local at = redis.call('HMGET', KEYS[1], 'fence', 'seq', 'holder')
if not at[1] then return -1 end
local fence, seq, first, count = tonumber(at[1]), tonumber(at[2]), tonumber(ARGV[4]), tonumber(ARGV[5])
local last = first + count - 1
if fence < tonumber(ARGV[2]) or (fence == tonumber(ARGV[2]) and seq < first - 1) then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[6], 'fence', math.max(fence, tonumber(ARGV[2])) + 1)
  redis.call('PUBLISH', ARGV[7], -2)
  return -3
end
if fence ~= tonumber(ARGV[2]) or at[3] ~= ARGV[3] then return -2 end
if seq ~= first - 1 then return (ARGV[1] == '1' and seq >= last) and last or -2 end
local rows = tonumber(ARGV[8])
for n = 0, rows - 1 do redis.call('HSET', KEYS[3], ARGV[9 + 2 * n], ARGV[10 + 2 * n]) end
local skip = 8 + 2 * rows - first + 1
for n = first, last do redis.call('XADD', KEYS[2], n .. '-0', 'e', ARGV[n + skip]) end
redis.call('HSET', KEYS[1], 'seq', last)
if first == 1 or rows > 0 then
  local left = redis.call('PTTL', KEYS[1])
  if left > 0 then
    redis.call('PEXPIRE', KEYS[2], left)
    redis.call('PEXPIRE', KEYS[3], left)
  end
end
redis.call('PUBLISH', ARGV[7], last)
return last
""")

# KEYS session, lease; ARGV -, node, milliseconds, session id, channels of nodes
ACQUIRE = Script("""
local at = redis.call('HMGET', KEYS[1], 'fence', 'seq', 'holder')
if not at[1] then return {-1} end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[2] then
  redis.call('PUBLISH', ARGV[5] .. holder, 'wanted ' .. ARGV[4])
  return {-2, holder, redis.call('PTTL', KEYS[2])}
end
local fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
if at[3] ~= '' and at[3] ~= ARGV[2] then
  redis.call('PUBLISH', ARGV[5] .. at[3], 'taken ' .. ARGV[4] .. ' ' .. fence)
end
redis.call('HSET', KEYS[1], 'holder', ARGV[2])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return {fence, tonumber(at[2])}
""")

# KEYS session, lease; ARGV -, fence, milliseconds
RENEW = Script("""
local at = redis.call('HMGET', KEYS[1], 'fence', 'holder')
if at[1] ~= ARGV[2] then return 0 end
if tonumber(ARGV[3]) <= 0 then redis.call('DEL', KEYS[2]) else redis.call('SET', KEYS[2], at[2], 'PX', ARGV[3]) end
return 1
""")

# KEYS lease; ARGV -, session id, text, channels of nodes
POST = Script("""
local holder = redis.call('GET', KEYS[1])
if not holder then return 0 end
redis.call('PUBLISH', ARGV[4] .. holder, 'said ' .. ARGV[2] .. ' ' .. ARGV[3])
return 1
""")

# KEYS session, log, ledger, lease; ARGV -, milliseconds to live, keeper, channel. A life only ever gets longer, except
# so that the last active node may end it. The answer is the owner and the milliseconds left.
TOUCH = Script("""
local at = redis.call('HMGET', KEYS[1], 'owner', 'keeper')
if not at[1] then return false end
local left, asked = redis.call('PTTL', KEYS[1]), tonumber(ARGV[2])
if left == -1 then return false end
if asked <= 0 then
  if at[2] ~= ARGV[3] then return false end
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
  redis.call('PUBLISH', ARGV[4], -1)
  return {at[1], 0}
end
redis.call('HSET', KEYS[1], 'keeper', ARGV[3])
if asked > left then
  for n = 1, 3 do redis.call('PEXPIRE', KEYS[n], asked) end
  left = asked
end
return {at[1], left}
""")

# KEYS session, log; ARGV -, fence, last seq to go, state
TRIM = Script("""
local fence = redis.call('HGET', KEYS[1], 'fence')
if not fence then return -1 end
if fence ~= ARGV[2] then return -2 end
redis.call('HSET', KEYS[1], 'saved', ARGV[4])
redis.call('XTRIM', KEYS[2], 'MINID', (tonumber(ARGV[3]) + 1) .. '-0')
return 1
""")

# KEYS session, log, ledger, lease; ARGV tried, channel
DELETE = Script("""
local card = redis.call('HGET', KEYS[1], 'card')
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
redis.call('PUBLISH', ARGV[2], -1)
return card or ARGV[1] == '1' and '{}'
""")

# KEYS session; ARGV -, fence, seq, another epoch, channel: what this process knows the log to have reached
MEND = Script("""
local at = redis.call('HMGET', KEYS[1], 'fence', 'seq')
if not at[1] then return {-1, 0} end
local fence, seq = tonumber(at[1]), tonumber(at[2])
if fence < tonumber(ARGV[2]) or seq < tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[4], 'fence', math.max(fence, tonumber(ARGV[2])) + 1)
  redis.call('PUBLISH', ARGV[5], -2)
  return {-2, 0}
end
return {seq, fence}
""")

# KEYS used, ends, sessions of the owner, names; ARGV -, id, when it was used, milliseconds to live or "", name, id it
# may replace. The answer is the id that has the name now.
ENTER = Script("""
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 100)
if #over > 0 then
  redis.call('ZREM', KEYS[1], unpack(over))
  redis.call('ZREM', KEYS[2], unpack(over))
end
if ARGV[5] ~= '' then
  local has = redis.call('HGET', KEYS[4], ARGV[5])
  if has and has ~= ARGV[2] and has ~= ARGV[6] then return has end
  redis.call('HSET', KEYS[4], ARGV[5], ARGV[2])
end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
local ends = ARGV[4] == '' and '+inf' or now + ARGV[4]
redis.call('ZADD', KEYS[2], ends, ARGV[2])
redis.call('ZADD', KEYS[3], ends, ARGV[2])
return ARGV[2]
""")

# KEYS ends, sessions of the owner; ARGV -, then id and milliseconds to live of each
PROLONG = Script("""
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
for n = 2, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], now + ARGV[n + 1], ARGV[n])
  redis.call('ZADD', KEYS[2], now + ARGV[n + 1], ARGV[n])
end
return 1
""")

# KEYS used, ends, sessions of the owner, names; ARGV -, id, name
LEAVE = Script("""
for n = 1, 3 do redis.call('ZREM', KEYS[n], ARGV[2]) end
if ARGV[3] ~= '' and redis.call('HGET', KEYS[4], ARGV[3]) == ARGV[2] then redis.call('HDEL', KEYS[4], ARGV[3]) end
return 1
""")

# KEYS sessions of the owner
COUNT = Script("""
local now = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now[1] * 1000 + math.floor(now[2] / 1000))
return redis.call('ZCARD', KEYS[1])
""")
