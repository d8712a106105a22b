// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/base_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "image/files.h"

namespace mend::image {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr uint64_t kMostListBytes = uint64_t{4} * 1024 * 1024;
constexpr uint64_t kMostFileBytes = uint64_t{1} * 1024 * 1024;

[[noreturn]] void throw_list(const std::string& what) {
  throw Error(ErrorCode::kCorrupt, "image.base.list", std::string(kBaseList) + ": " + what);
}

crypto::Sha256Digest digest_from(const std::string& text) {
  crypto::Sha256Digest digest{};
  if (text.size() != 2 * digest.size()) throw_list("'" + printable(text) + "' is no SHA-256");
  const ByteVector bytes = from_hex(text);
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

PackageUse use_from(const std::string& text) {
  for (const PackageUse use :
       {PackageUse::kUnpacked, PackageUse::kTool, PackageUse::kLinked, PackageUse::kShell})
    if (text == to_string(use)) return use;
  throw_list("'" + printable(text) + "' is no use of a package");
}

bool is_plain_name(const std::string& text) {
  return !text.empty() && text != "." && text != ".." && text.find('/') == std::string::npos;
}

// Relative, and nowhere upwards.
bool is_stick_path(const std::string& text) {
  const std::string path = "/" + text + "/";
  return path.find("//") == std::string::npos && path.find("/./") == std::string::npos &&
         path.find("/../") == std::string::npos;
}

Json to_json(const PackageRecord& package) {
  return {
      {"name", package.name},          {"version", package.version}, {"architecture", package.architecture},
      {"use", to_string(package.use)}, {"sha256", package.sha256},   {"licences", package.licences}};
}

// What digest_of() hashes: the list, and the content of the three files through their hashes.
Json content_of(const Base& base) {
  Json files = Json::array();
  const auto add = [&](std::string_view path, std::string_view file, uint64_t size,
                       const crypto::Sha256Digest& sha256) {
    files.push_back(
        {{"path_on_stick", path}, {"file", file}, {"size_bytes", size}, {"sha256", to_hex(sha256)}});
  };
  for (const BaseFile& file : base.files) add(file.path_on_stick, file.file, file.size_bytes, file.sha256);
  const auto add_content = [&](std::string_view file, Bytes content) {
    add("", file, content.size(), crypto::sha256(content));
  };
  add_content(kBootCodeFile, base.boot_sector_code);
  add_content(kCoreFile, base.bios_core);
  add_content(kMenuFile, as_bytes(base.menu_template));
  Json packages = Json::array();
  for (const PackageRecord& package : base.packages) packages.push_back(to_json(package));
  return {{"format", kFormat},
          {"kernel_version", base.kernel_version},
          {"files", std::move(files)},
          {"packages", std::move(packages)}};
}

Base parse(std::string_view text) {
  const Json json = Json::parse(text);
  if (json.at("format").get<int>() != kFormat)
    throw Error(ErrorCode::kUnsupported, "image.base.format",
                "the base was made by another version of mendstick; make it anew");
  Base base;
  json.at("kernel_version").get_to(base.kernel_version);
  base.sha256 = digest_from(json.at("sha256").get<std::string>());
  for (const Json& item : json.at("files")) {
    BaseFile file;
    item.at("path_on_stick").get_to(file.path_on_stick);
    item.at("file").get_to(file.file);
    item.at("size_bytes").get_to(file.size_bytes);
    file.sha256 = digest_from(item.at("sha256").get<std::string>());
    if (!is_plain_name(file.file) || (!file.path_on_stick.empty() && !is_stick_path(file.path_on_stick)))
      throw_list("'" + printable(file.file + " " + file.path_on_stick) + "' is no file of a base");
    base.files.push_back(std::move(file));
  }
  for (const Json& item : json.at("packages")) {
    PackageRecord package;
    item.at("name").get_to(package.name);
    item.at("version").get_to(package.version);
    item.at("architecture").get_to(package.architecture);
    item.at("sha256").get_to(package.sha256);
    item.at("licences").get_to(package.licences);
    package.use = use_from(item.at("use").get<std::string>());
    base.packages.push_back(std::move(package));
  }
  return base;
}

void check_file(const std::string& directory, const BaseFile& file) {
  const std::string path = directory + "/" + file.file;
  if (hash_file(path) != file.sha256)
    throw Error(ErrorCode::kCorrupt, "image.base.file",
                path + " is not the file that " + std::string(kBaseList) +
                    " lists (its SHA-256 differs); make the base anew");
}

ByteVector take_content(Base& base, std::string_view name) {
  const auto found = std::find_if(base.files.begin(), base.files.end(),
                                  [&](const BaseFile& file) { return file.file == name; });
  if (found == base.files.end()) throw_list("the file " + std::string(name) + " is not listed");
  base.files.erase(found);
  return read_file(base.directory + "/" + std::string(name), kMostFileBytes);
}

}  // namespace

std::string to_json(const Base& base) {
  Json json = content_of(base);
  json["sha256"] = to_hex(base.sha256);
  return json.dump(2) + "\n";
}

Base base_from_json(std::string_view text) {
  try {
    return parse(text);
  } catch (const Json::exception& error) {
    throw_list(printable(error.what()));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kUsage) throw_list(error.what());  // hexadecimal digits
    throw;
  }
}

crypto::Sha256Digest digest_of(const Base& base) {
  return crypto::sha256(as_bytes(content_of(base).dump()));
}

std::string_view to_string(PackageUse use) {
  switch (use) {
    case PackageUse::kUnpacked:
      return "unpacked";
    case PackageUse::kTool:
      return "tool";
    case PackageUse::kLinked:
      return "linked";
    case PackageUse::kShell:
      return "shell";
  }
  return {};
}

Base open_base(const std::string& directory) {
  const std::string list = directory + "/" + std::string(kBaseList);
  ByteVector text;
  try {
    text = read_file(list, kMostListBytes);
  } catch (const Error& error) {
    throw Error(ErrorCode::kNotFound, "image.base.open",
                "there is no base in " + directory + ": " + error.what());
  }
  try {
    Base base = base_from_json(as_text(text));
    base.directory = directory;
    for (const BaseFile& file : base.files) check_file(directory, file);
    base.boot_sector_code = take_content(base, kBootCodeFile);
    base.bios_core = take_content(base, kCoreFile);
    base.menu_template = as_text(take_content(base, kMenuFile));
    if (digest_of(base) != base.sha256)
      throw_list("it was changed after the base was made; make the base anew");
    return base;
  } catch (Error& error) {
    error.with_context(directory);
    throw;
  }
}

}  // namespace mend::image
