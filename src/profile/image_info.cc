// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "config/reader.h"
#include "profile/profile.h"

namespace mend::profile {
namespace {

using config::Table;

constexpr size_t kIdDigits = 32;
constexpr size_t kMaximumTextBytes = 200;

bool is_id(std::string_view text) {
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == kIdDigits && std::all_of(text.begin(), text.end(), hex);
}

// As a basic string of TOML.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

ImageInfo parse_image_info(std::string_view text, const std::string& file_name) {
  config::Document document(text, file_name, "an image's description", kMaximumBytes);
  Table root = document.root();
  ImageInfo info;
  if (auto table = root.table("image", "[image]")) {
    info.id = table->text("id", true, kIdDigits);
    if (!info.id.empty() && !is_id(info.id))
      table->faults().add("profile.image.id", table->at(), "'id' must be 32 hexadecimal digits");
    info.customer = table->text("customer", true, kMaximumTextBytes);
    info.incident = table->text("incident", false, kMaximumTextBytes);
    if (const auto built = table->time("built")) {
      info.built = built->value;
    } else if (!table->has("built")) {
      table->missing("built");
    }
    info.version = table->text("version", true, kMaximumTextBytes);
    info.build = table->integer("build", 0, INT64_MAX).value_or(0);
    table->finish();
  } else if (!root.has("image")) {
    root.missing("image");
  }
  root.finish();
  document.faults().throw_if_any();
  return info;
}

ImageInfo load_image_info(const std::string& path) {
  const ByteVector text = read_file(path, kMaximumBytes);
  return parse_image_info(as_text(text), path);
}

std::string to_toml(const ImageInfo& info) {
  return fmt::format("[image]\nid = {}\ncustomer = {}\nincident = {}\nbuild = {}\nbuilt = {}\nversion = {}\n",
                     in_quotes(info.id), in_quotes(info.customer), in_quotes(info.incident), info.build,
                     to_iso8601(info.built), in_quotes(info.version));
}

}  // namespace mend::profile
