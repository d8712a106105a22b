// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/field.h"
#include "ntfs/log_file.h"

namespace mend::ntfs {
namespace {

constexpr uint16_t kVolumeIsDirty = 0x0001;
constexpr uint64_t kHibernationPageBytes = 4096;

// Of no log that can be found, and of a damaged one, the state stays kDamaged.
void read_log_state(Volume& volume, VolumeState& state) {
  try {
    const LogFile log(volume.reader(), volume.geometry());
    const std::optional<RestartPage>& page = log.restart();
    if (!page) {
      if (log.blank()) state.log = LogState::kEmpty;
      return;
    }
    state.log_major = page->major;
    state.log_minor = page->minor;
    if (!page->known_version())
      state.log = LogState::kUnsupported;
    else if (page->closed())
      state.log = LogState::kClean;
    else
      state.log = page->known_pages() ? LogState::kUnclean : LogState::kUnsupported;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo) throw;
  }
}

// Where the flag "this session is a fast startup" lies in a header that states its own length: both grew with
// Windows. From the type information of the kernels of Windows 8.1, 10 and 11 on x64.
struct HeaderLayout {
  uint32_t length;
  size_t fast_startup;
};
constexpr HeaderLayout kHeaderLayouts[] = {
    {0x360, 0x2fc}, {0x3b0, 0x34c}, {0x3c8, 0x354}, {0x3e0, 0x364}, {0x448, 0x3cc}};

bool is_fast_startup(Bytes header) {
  const uint32_t length = read_le<uint32_t>(header, 0x0c);
  for (const HeaderLayout& layout : kHeaderLayouts)
    if (layout.length == length) return header[layout.fast_startup] == 1;
  return false;  // NST-1: of another kind, it counts as the worse one
}

Hibernation judge_header(Bytes page) {
  const std::string signature = lower_ascii(as_text(page.first(4)));
  if (signature == "hibr")
    return is_fast_startup(page) ? Hibernation::kFastStartup : Hibernation::kHibernated;
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
    "The log of this volume has a version ({}.{}) or pages of a size that are not known here. Whether "
    "changes wait in it cannot be told, so nothing is written. Shut Windows down in order (hold Shift "
    "while choosing \"Shut down\"), then come back.";
constexpr std::string_view kFastStartupText =
    "Windows was shut down with fast startup: its kernel, without anybody's open work, waits in "
    "hiberfil.sys, "
    "believes the volume unchanged, and would destroy what is written now. Start Windows and shut it down "
    "fully (hold Shift while choosing \"Shut down\", or run \"shutdown /s /t 0\"). If Windows does not "
    "start any more, --discard-hibernation=fast-startup makes it start afresh; the file itself stays.";
constexpr std::string_view kHibernatedText =
    "Windows is hibernated on this volume: a session, with open work in it, waits in hiberfil.sys, believes "
    "the volume unchanged, and would destroy what is written now. Start Windows and shut it down fully "
    "(hold Shift while choosing \"Shut down\", or run \"shutdown /s /t 0\"). If Windows does not start any "
    "more, --discard-hibernation=all gives the session up: what was open and unsaved in it is lost, the "
    "file itself stays.";
constexpr std::string_view kResumingText =
    "A return from hibernation began on this volume and did not end: the session in hiberfil.sys "
    "may still be taken up. Start Windows once more and shut it down fully. If it does not start "
    "any more, --discard-hibernation=all gives the session up: what was open and unsaved in it is "
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
  if (state.hibernation == Hibernation::kFastStartup)
    texts.emplace_back(kFastStartupText);
  else if (state.hibernation == Hibernation::kHibernated)
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
    case Hibernation::kFastStartup:
      return "fast-startup";
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

void VolumeState::set_hibernation(Hibernation value) {
  hibernation = value;
  text = explain(*this);
}

std::vector<Range> witness_ranges(Volume& volume) {
  std::vector<Range> ranges = volume.record_ranges(system_record::kVolume);
  LogFile log(volume.reader(), volume.geometry());
  const uint64_t page_bytes = log.restart() ? log.restart()->system_page_bytes : kLogPageBytes;
  const uint64_t length = std::min(2 * page_bytes, log.source().size_bytes());
  for (const Range& range : log.source().ranges(0, length)) ranges.push_back(range);
  return ranges;
}

std::vector<Range> hibernation_header_ranges(Volume& volume) {
  std::optional<MftReference> reference;
  std::optional<Stream> file = open_hiberfil(volume, reference);
  if (!file || file->compressed() || file->size_bytes() < kHibernationPageBytes) return {};
  return file->ranges(0, kHibernationPageBytes);
}

}  // namespace mend::ntfs
