// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/field.h"
#include "ntfs/fixup.h"

namespace mend::ntfs {
namespace {

constexpr uint16_t kVolumeIsDirty = 0x0001;
constexpr uint32_t kDefaultLogPageBytes = 4096;
constexpr uint64_t kRestartPagesBytes = 8192;  // both restart pages, as they are on every PC
constexpr uint64_t kLogHeadBytes = 64 << 10;   // and the first record pages: an empty log is told by them
constexpr uint64_t kHibernationPageBytes = 4096;
constexpr uint32_t kMagicRestart = 0x52545352;  // "RSTR"
constexpr uint32_t kMagicChecked = 0x444b4843;  // "CHKD"
constexpr uint16_t kNoClient = 0xffff;
constexpr uint16_t kCleanDismount = 2;
constexpr uint64_t kMinimumRecordPages = 48;

struct RestartPage {
  uint32_t page_bytes = 0;
  uint16_t major = 0, minor = 0;
  uint64_t lsn = 0;
  bool checked = false;  // CHKD
  bool client_in_use = false;
  bool clean = false;
};

bool is_page_size(uint32_t bytes) {
  return is_power_of_two(bytes) && bytes >= kStrideBytes && bytes <= (64 << 10);
}

// The restart area, whose layout versions 1.1 and 2.0 share. False when a value contradicts another.
bool parse_restart_area(Bytes page, uint64_t log_bytes, uint32_t log_page_bytes, RestartPage& out) {
  // +0x00 current LSN, +0x08 clients, +0x0C head of those in use, +0x0E flags, +0x10 sequence bits, +0x14
  // length, +0x16 client array, +0x18 usable bytes
  const size_t offset = read_le<uint16_t>(page, 0x18);
  if (offset % 8 != 0 || !fits(offset, 0x30, page.size())) return false;
  const Struct<0x30> area(page, offset);
  const uint16_t clients = area.get<uint16_t, 0x08>();
  const uint16_t free_head = area.get<uint16_t, 0x0a>(), used_head = area.get<uint16_t, 0x0c>();
  const uint64_t usable = area.get<uint64_t, 0x18>();
  const bool heads_right =
      (free_head == kNoClient || free_head < clients) && (used_head == kNoClient || used_head < clients);
  const bool sizes_right =
      fits(offset, area.get<uint16_t, 0x14>(), page.size()) && area.get<uint16_t, 0x16>() % 8 == 0 &&
      usable <= log_bytes && usable / log_page_bytes >= kMinimumRecordPages &&
      area.get<uint32_t, 0x10>() == 67U - static_cast<uint32_t>(std::bit_width(usable)) &&
      area.get<uint16_t, 0x24>() % 8 == 0 && area.get<uint16_t, 0x26>() % 8 == 0;
  if (!heads_right || !sizes_right) return false;
  if (!out.checked) out.lsn = area.get<uint64_t, 0x00>();
  out.client_in_use = used_head != kNoClient;
  out.clean = (area.get<uint16_t, 0x0e>() & kCleanDismount) != 0;
  return true;
}

// The restart page at `offset` of the log's head, if there is a whole one.
std::optional<RestartPage> parse_restart_page(Bytes head, uint64_t offset, uint64_t log_bytes) {
  // +0x00 "RSTR" or "CHKD", +0x08 LSN of the checker, +0x10 system page, +0x14 log page, +0x18 restart area,
  // +0x1A minor version, +0x1C major version
  if (!fits(offset, 0x20, head.size())) return std::nullopt;
  const Struct<0x20> header(head, offset);
  const uint32_t magic = header.get<uint32_t, 0>();
  if (magic != kMagicRestart && magic != kMagicChecked) return std::nullopt;
  RestartPage out;
  out.checked = magic == kMagicChecked;
  out.page_bytes = header.get<uint32_t, 0x10>();
  const uint32_t log_page_bytes = header.get<uint32_t, 0x14>();
  if (!is_page_size(out.page_bytes) || !is_page_size(log_page_bytes)) return std::nullopt;
  if (offset != 0 && offset != out.page_bytes) return std::nullopt;
  if (!fits(offset, out.page_bytes, head.size())) return std::nullopt;
  out.major = header.get<uint16_t, 0x1c>();
  out.minor = header.get<uint16_t, 0x1a>();
  if (out.major > 2) return out;  // other protection, perhaps another layout: nothing more can be said
  const Bytes raw = head.subspan(static_cast<size_t>(offset), out.page_bytes);
  ByteVector page(raw.begin(), raw.end());
  if (remove_fixups(page) != Protection::kIntact) return std::nullopt;
  out.lsn = header.get<uint64_t, 0x08>();
  if (!parse_restart_area(page, log_bytes, log_page_bytes, out)) return std::nullopt;
  return out;
}

// The better of the two restart pages; one torn page is normal.
std::optional<RestartPage> find_restart_page(Bytes head, uint64_t log_bytes) {
  std::optional<RestartPage> best = parse_restart_page(head, 0, log_bytes);
  const auto consider = [&](uint64_t offset) {
    const std::optional<RestartPage> page = parse_restart_page(head, offset, log_bytes);
    if (page && (!best || page->lsn > best->lsn)) best = page;
    return page.has_value();
  };
  if (best) {
    consider(best->page_bytes);
  } else {
    for (uint64_t offset = kStrideBytes; offset <= head.size() / 2; offset *= 2)
      if (consider(offset)) break;
  }
  return best;
}

struct LogHead {
  ByteVector bytes;
  std::optional<RestartPage> page;
  bool blank() const {
    return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0xff; });
  }
};

LogHead read_log_head(Stream& log, uint64_t length) {
  LogHead head;
  head.bytes = log.read_bytes(0, std::min(length, log.size_bytes()));
  head.page = find_restart_page(head.bytes, log.size_bytes());
  return head;
}

std::optional<Stream> open_log(Volume& volume) {
  return volume.open_record(system_record::kLogFile).stream(AttributeType::kData);
}

void read_log_state(Volume& volume, VolumeState& state) {
  LogHead head;
  try {
    std::optional<Stream> log = open_log(volume);
    if (!log) return;  // stays kDamaged
    head = read_log_head(*log, kRestartPagesBytes);
    if (!head.page) head = read_log_head(*log, kLogHeadBytes);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo) throw;
    return;
  }
  const std::optional<RestartPage>& page = head.page;
  if (!page) {
    state.log = !head.bytes.empty() && head.blank() ? LogState::kEmpty : LogState::kDamaged;
    return;
  }
  state.log_major = page->major;
  state.log_minor = page->minor;
  const bool known = (page->major == 1 && page->minor == 1) || (page->major == 2 && page->minor == 0);
  if (!known)
    state.log = LogState::kUnsupported;
  else if (page->checked || !page->client_in_use || page->clean)
    state.log = LogState::kClean;
  else
    state.log = LogState::kUnclean;
}

Hibernation judge_header(Bytes page) {
  const std::string signature = lower_ascii(as_text(page.first(4)));
  if (signature == "hibr") return Hibernation::kHibernated;
  if (signature == "rstr") return Hibernation::kResuming;
  if (signature == "wake" || all_zero(page)) return Hibernation::kAwake;
  return Hibernation::kUnknown;
}

std::optional<Stream> open_hiberfil(Volume& volume, std::optional<MftReference>& reference) {
  const std::optional<DirectoryEntry> entry = volume.find(kRootDirectory, u"hiberfil.sys");
  if (!entry) return std::nullopt;
  reference = entry->reference;
  return volume.open(entry->reference).stream(AttributeType::kData);
}

void read_hibernation(Volume& volume, VolumeState& state) {
  try {
    std::optional<Stream> file = open_hiberfil(volume, state.hiberfil);
    if (!state.hiberfil) return;
    state.hibernation = Hibernation::kUnknown;
    if (!file || file->encrypted() || file->size_bytes() < kHibernationPageBytes) return;
    state.hibernation = judge_header(file->read_bytes(0, kHibernationPageBytes));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo) throw;
    state.hibernation = Hibernation::kUnknown;  // neither is it known that there is none
  }
}

constexpr std::string_view kDirtyText =
    "Windows has marked this volume for a check at its next start (the dirty flag is set): "
    "something was found wrong on it, or it was not closed in order. Let Windows, or its recovery "
    "environment, run \"chkdsk /f\" on it first. If that cannot be done, --allow-dirty goes on in "
    "spite of the flag, as long as the volume's log is closed.";
constexpr std::string_view kUncleanText =
    "Windows stopped without closing this volume: its log (version {}.{}) may hold changes that have "
    "not reached their places. A repair replays it first; so does `mend replay`.";
constexpr std::string_view kDamagedLogText =
    "The log of this volume cannot be read: neither of its two restart pages is whole, or both "
    "were wiped while records remain behind them. Whether changes wait in it cannot be told, so "
    "nothing is written. Run \"chkdsk /f\" on the volume from Windows' recovery environment; it "
    "makes a new log.";
constexpr std::string_view kUnsupportedLogText =
    "The log of this volume has version {}.{}, which is not known here. Whether changes wait in "
    "it cannot be told, so nothing is written. Shut Windows down in order (hold Shift while "
    "choosing \"Shut down\"), then come back.";
constexpr std::string_view kHibernatedText =
    "Windows is hibernated on this volume, or was shut down with fast startup: a session waits in "
    "hiberfil.sys that believes the volume unchanged, and it would destroy what is written now. "
    "Start Windows and shut it down fully (hold Shift while choosing \"Shut down\", or run "
    "\"shutdown /s /t 0\"). If Windows does not start any more, --discard-hibernation gives the "
    "session up: what was open and unsaved in it is lost, the file itself stays.";
constexpr std::string_view kResumingText =
    "A return from hibernation began on this volume and did not end: the session in hiberfil.sys "
    "may still be taken up. Start Windows once more and shut it down fully. If it does not start "
    "any more, --discard-hibernation gives the session up: what was open and unsaved in it is "
    "lost, the file itself stays.";
constexpr std::string_view kUnknownHibernationText =
    "hiberfil.sys on this volume is shorter than its header, or its header is of a kind that is "
    "not known. Whether a session waits in it cannot be told, so it counts as one that does. "
    "Start Windows and shut it down fully (hold Shift while choosing \"Shut down\"), or run "
    "\"powercfg /h off\" there.";

std::string explain(const VolumeState& state) {
  std::vector<std::string> texts;
  if (state.log == LogState::kUnclean)
    texts.push_back(fmt::format(kUncleanText, state.log_major, state.log_minor));
  else if (state.log == LogState::kDamaged)
    texts.emplace_back(kDamagedLogText);
  else if (state.log == LogState::kUnsupported)
    texts.push_back(fmt::format(kUnsupportedLogText, state.log_major, state.log_minor));
  if (state.hibernation == Hibernation::kHibernated)
    texts.emplace_back(kHibernatedText);
  else if (state.hibernation == Hibernation::kResuming)
    texts.emplace_back(kResumingText);
  else if (state.hibernation == Hibernation::kUnknown)
    texts.emplace_back(kUnknownHibernationText);
  if (state.dirty) texts.emplace_back(kDirtyText);
  return fmt::format("{}", fmt::join(texts, "\n"));
}

}  // namespace

std::string_view to_string(LogState state) {
  switch (state) {
    case LogState::kClean:
      return "clean";
    case LogState::kEmpty:
      return "empty";
    case LogState::kUnclean:
      return "unclean";
    case LogState::kDamaged:
      return "damaged";
    case LogState::kUnsupported:
      return "unsupported";
  }
  return "unknown";
}

std::string_view to_string(Hibernation state) {
  switch (state) {
    case Hibernation::kNoFile:
      return "none";
    case Hibernation::kAwake:
      return "awake";
    case Hibernation::kHibernated:
      return "hibernated";
    case Hibernation::kResuming:
      return "resuming";
    case Hibernation::kUnknown:
      return "unknown";
  }
  return "unknown";
}

bool is_hibernated(Hibernation state) {
  return state != Hibernation::kNoFile && state != Hibernation::kAwake;
}

VolumeState read_state(Volume& volume) {
  VolumeState state;
  const File file = volume.open_record(system_record::kVolume);
  const Attribute* information = file.find(AttributeType::kVolumeInformation);
  if (information == nullptr || !information->resident)
    throw Error(ErrorCode::kCorrupt, "ntfs.state.volume", "$Volume carries no volume information");
  // +0x08 major version, +0x09 minor, +0x0A flags
  const Struct<0x0c> fields(information->value, 0);
  state.major_version = fields.get<uint8_t, 0x08>();
  state.minor_version = fields.get<uint8_t, 0x09>();
  state.volume_flags = fields.get<uint16_t, 0x0a>();
  state.dirty = (state.volume_flags & kVolumeIsDirty) != 0;
  if (const Attribute* label = file.find(AttributeType::kVolumeName))
    state.label = Attribute::utf16(label->value);
  read_log_state(volume, state);
  read_hibernation(volume, state);
  state.text = explain(state);
  return state;
}

std::vector<Range> witness_ranges(Volume& volume) {
  std::vector<Range> ranges = volume.record_ranges(system_record::kVolume);
  std::optional<Stream> log = open_log(volume);
  if (!log || log->is_resident()) return ranges;
  LogHead head = read_log_head(*log, kRestartPagesBytes);
  if (!head.page && !head.blank()) head = read_log_head(*log, kLogHeadBytes);
  const uint64_t page_bytes = head.page ? head.page->page_bytes : kDefaultLogPageBytes;
  for (const Range& range : log->ranges(0, std::min(2 * page_bytes, log->size_bytes())))
    ranges.push_back(range);
  return ranges;
}

std::vector<Range> hibernation_header_ranges(Volume& volume) {
  std::optional<MftReference> reference;
  std::optional<Stream> file = open_hiberfil(volume, reference);
  if (!file || file->compressed() || file->size_bytes() < kHibernationPageBytes) return {};
  return file->ranges(0, kHibernationPageBytes);
}

}  // namespace mend::ntfs
