-- Wireshark's view of Nod: the header of each frame, which is in clear, field by field; the sealed part and its tag as
-- bytes. What is inside the seal is read with the cluster's keys: nodctl decode FILE --keys DIR.
--
-- To use it once:    wireshark -X lua_script:tools/wireshark/nod.lua capture.pcap
-- To keep it:        copy it to the folder "Personal Lua Plugins" (Help, About Wireshark, Folders)
-- Filters:           nod.sender == 2 && nod.counter > 100      nod.salt      nod.starts      nod.impossible
--
-- The layout is docs/wire-format.md, "Header"; Sources/NodSecurity/FrameHeader.swift writes it.

local nod = Proto("nod", "Nod")

local VERSION = 1
local SLOTS = 31
local PLAIN, SALTED, TAG = 7, 15, 16
local TYPES = { [0] = "ordinary", [1] = "with the start salt" }

local fields = {
  version = ProtoField.uint8("nod.version", "Version", base.DEC, nil, 0xf0),
  type = ProtoField.uint8("nod.type", "Type", base.DEC, TYPES, 0x0f),
  sender = ProtoField.uint8("nod.sender", "Sender (slot)"),
  epoch = ProtoField.uint8("nod.epoch", "Key epoch (low 8 bits)"),
  counter = ProtoField.uint32("nod.counter", "Counter"),
  salt = ProtoField.uint64("nod.salt", "Start salt", base.HEX),
  starts = ProtoField.bool("nod.starts", "First frame seen of this start"),
  told_in = ProtoField.framenum("nod.told_in", "The sender's salt was last told in"),
  sealed = ProtoField.bytes("nod.sealed", "Sealed"),
  sealed_length = ProtoField.uint16("nod.sealed_length", "Bytes sealed"),
  tag = ProtoField.bytes("nod.tag", "Tag"),
}
nod.fields = fields

local experts = {
  short = ProtoExpert.new("nod.impossible.short", "Too short for a header and a tag",
    expert.group.MALFORMED, expert.severity.ERROR),
  version = ProtoExpert.new("nod.impossible.version", "Another version than this dissector knows",
    expert.group.UNDECODED, expert.severity.WARN),
  type = ProtoExpert.new("nod.impossible.type", "Another type than this dissector knows",
    expert.group.UNDECODED, expert.severity.WARN),
  sender = ProtoExpert.new("nod.impossible.sender", "No cluster has such a slot",
    expert.group.MALFORMED, expert.severity.WARN),
  salt = ProtoExpert.new("nod.impossible.salt", "A start salt is never 0",
    expert.group.MALFORMED, expert.severity.WARN),
}
nod.experts = { experts.short, experts.version, experts.type, experts.sender, experts.salt }

nod.prefs.ports = Pref.range("UDP ports", "7100-7131",
  "Datagrams of these ports are frames, whatever they look like. On other ports they are found by their looks.", 65535)
nod.prefs.heuristic = Pref.bool("Find frames on other ports", true,
  "Take a datagram for a frame when its header could be one")

-- What was learned in the first pass, for the later ones: of each packet, whether it begins a start, and which packet
-- told the sender's salt before it.
local begins, told_in = {}, {}
local last_told, last_salt = {}, {}

function nod.init()
  begins, told_in = {}, {}
  last_told, last_salt = {}, {}
end

-- Two clusters in one capture have the same slots; their senders have other addresses.
local function sender_of(pinfo, slot)
  return tostring(pinfo.src) .. " " .. pinfo.src_port .. " " .. slot
end

local function note_start(pinfo, slot, salt)
  if pinfo.visited then return end
  local sender = sender_of(pinfo, slot)
  if salt then
    if last_salt[sender] ~= salt then begins[pinfo.number] = true end
    last_salt[sender] = salt
    last_told[sender] = pinfo.number
  elseif last_told[sender] then
    told_in[pinfo.number] = last_told[sender]
  end
end

local function could_be_frame(buffer)
  if buffer:len() < PLAIN + TAG or buffer(0, 1):bitfield(0, 4) ~= VERSION then return false end
  local kind = buffer(0, 1):bitfield(4, 4)
  if not TYPES[kind] or buffer(1, 1):uint() >= SLOTS then return false end
  if kind == 0 then return true end
  return buffer:len() >= SALTED + TAG and buffer(7, 8):le_uint64() ~= UInt64(0)
end

local function dissect_sealed(buffer, tree, header)
  local length = buffer:len() - header - TAG
  tree:add(fields.sealed_length, length):set_generated()
  if length > 0 then tree:add(fields.sealed, buffer(header, length)) end
  tree:add(fields.tag, buffer(header + length, TAG))
end

function nod.dissector(buffer, pinfo, root)
  pinfo.cols.protocol = "NOD"
  local tree = root:add(nod, buffer())
  if buffer:len() < PLAIN + TAG then
    tree:add_proto_expert_info(experts.short)
    pinfo.cols.info = "Too short for a frame"
    return buffer:len()
  end
  local version = tree:add(fields.version, buffer(0, 1))
  local kind = buffer(0, 1):bitfield(4, 4)
  local type = tree:add(fields.type, buffer(0, 1))
  if buffer(0, 1):bitfield(0, 4) ~= VERSION then
    version:add_proto_expert_info(experts.version)
    pinfo.cols.info = "Version " .. buffer(0, 1):bitfield(0, 4)
    return buffer:len()
  end
  if not TYPES[kind] then
    type:add_proto_expert_info(experts.type)
    pinfo.cols.info = "Type " .. kind
    return buffer:len()
  end

  local slot = buffer(1, 1):uint()
  local sender = tree:add(fields.sender, buffer(1, 1))
  if slot >= SLOTS then sender:add_proto_expert_info(experts.sender) end
  tree:add(fields.epoch, buffer(2, 1))
  tree:add_le(fields.counter, buffer(3, 4))
  local info = "Slot " .. slot .. ", counter " .. buffer(3, 4):le_uint()

  local header = PLAIN
  if kind == 1 then
    if buffer:len() < SALTED + TAG then
      tree:add_proto_expert_info(experts.short)
      pinfo.cols.info = info
      return buffer:len()
    end
    header = SALTED
    local salt = buffer(7, 8):le_uint64()
    local item = tree:add_le(fields.salt, buffer(7, 8))
    if salt == UInt64(0) then item:add_proto_expert_info(experts.salt) end
    note_start(pinfo, slot, salt:tohex())
    info = info .. ", salt 0x" .. salt:tohex()
    if begins[pinfo.number] then
      tree:add(fields.starts, true):set_generated()
      info = info .. ", a start begins"
    end
  else
    note_start(pinfo, slot, nil)
    if told_in[pinfo.number] then tree:add(fields.told_in, told_in[pinfo.number]):set_generated() end
  end
  dissect_sealed(buffer, tree, header)
  pinfo.cols.info = info .. ", " .. (buffer:len() - header - TAG) .. " bytes sealed"
  tree:append_text(", " .. info)
  return buffer:len()
end

nod:register_heuristic("udp", function(buffer, pinfo, root)
  if not nod.prefs.heuristic or not could_be_frame(buffer) then return false end
  pinfo.conversation = nod
  nod.dissector(buffer, pinfo, root)
  return true
end)

local udp_ports = DissectorTable.get("udp.port")
local ports = nod.prefs.ports
udp_ports:add(ports, nod)

function nod.prefs_changed()
  if ports == nod.prefs.ports then return end
  if ports ~= "" then udp_ports:remove(ports, nod) end
  ports = nod.prefs.ports
  if ports ~= "" then udp_ports:add(ports, nod) end
end
