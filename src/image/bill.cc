// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/bill.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace mend::image {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kOwnLicence = "GPL-3.0-or-later";
constexpr const char* kSizeProperty = "mendstick:size";
constexpr const char* kBuildProperty = "mendstick:build";
constexpr const char* kUseProperty = "mendstick:use";

// RFC 9562, version 8: digits of our own choice.
std::string uuid_from(const std::string& id) {
  std::string digits = id;
  digits.resize(32, '0');
  digits[12] = '8';
  digits[16] = 'a';
  return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 4),
                     digits.substr(16, 4), digits.substr(20));
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// "A AND B" as two licences. Given as names, since not every one of them is an SPDX identifier.
Json licences_from(const std::string& text) {
  constexpr std::string_view kAnd = " AND ";
  Json list = Json::array();
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find(kAnd, start), text.size());
    list.push_back({{"license", {{"name", text.substr(start, end - start)}}}});
    start = end + kAnd.size();
  }
  return list;
}

Json hash_list(const std::string& sha256) {
  return Json::array({{{"alg", "SHA-256"}, {"content", sha256}}});
}

Json to_component(const PackageRecord& package) {
  Json component;
  component["type"] = package.use == PackageUse::kLinked ? "library" : "application";
  component["bom-ref"] =
      fmt::format("package:{}:{}:{}", to_string(package.use), package.name, package.architecture);
  component["name"] = package.name;
  component["version"] = package.version;
  component["scope"] = package.use == PackageUse::kTool ? "excluded" : "required";
  if (!package.sha256.empty()) component["hashes"] = hash_list(package.sha256);
  if (!package.licences.empty()) component["licenses"] = licences_from(package.licences);
  component["purl"] = fmt::format("pkg:deb/debian/{}@{}?arch={}", percent_encoded(package.name),
                                  percent_encoded(package.version), percent_encoded(package.architecture));
  component["properties"] = Json::array({{{"name", kUseProperty}, {"value", to_string(package.use)}}});
  return component;
}

Json to_component(const BilledFile& file) {
  Json component;
  component["type"] = "file";
  component["bom-ref"] = "file:" + file.path;
  component["name"] = file.path;
  component["hashes"] = hash_list(to_hex(file.sha256));
  component["properties"] =
      Json::array({{{"name", kSizeProperty}, {"value", fmt::format("{}", file.size_bytes)}}});
  return component;
}

BilledFile to_file(const Json& component) {
  BilledFile file;
  file.path = component.at("name").get<std::string>();
  file.size_bytes = std::stoull(component.at("properties").at(0).at("value").get<std::string>());
  const ByteVector hash = from_hex(component.at("hashes").at(0).at("content").get<std::string>());
  if (hash.size() != file.sha256.size()) {
    throw Error(ErrorCode::kCorrupt, "image.bill.hash", "the hash of " + file.path + " is not a SHA-256");
  }
  std::copy(hash.begin(), hash.end(), file.sha256.begin());
  return file;
}

}  // namespace

std::string bill_text(const profile::ImageInfo& info, const std::vector<PackageRecord>& packages,
                      const std::vector<BilledFile>& files) {
  Json bill;
  bill["bomFormat"] = "CycloneDX";
  bill["specVersion"] = "1.5";
  bill["serialNumber"] = "urn:uuid:" + uuid_from(info.id);
  bill["version"] = 1;
  bill["metadata"]["timestamp"] = to_iso8601(info.built);
  bill["metadata"]["tools"]["components"] =
      Json::array({{{"type", "application"}, {"name", "mendstick"}, {"version", info.version}}});
  bill["metadata"]["component"] = {
      {"type", "operating-system"},
      {"bom-ref", "image:" + info.id},
      {"name", "Mendstick image for " + info.customer},
      {"version", info.id},
      {"licenses", licences_from(kOwnLicence)},
      {"properties", Json::array({{{"name", kBuildProperty}, {"value", fmt::format("{}", info.build)}}})}};
  Json components = Json::array();
  components.push_back({{"type", "application"},
                        {"bom-ref", "mendstick"},
                        {"name", "mendstick"},
                        {"version", info.version},
                        {"licenses", licences_from(kOwnLicence)}});
  for (const PackageRecord& package : packages) components.push_back(to_component(package));
  for (const BilledFile& file : files) components.push_back(to_component(file));
  bill["components"] = std::move(components);
  return bill.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string subject_of_bill(std::string_view bill, const std::string& file_name) {
  try {
    const Json image = Json::parse(bill).at("metadata").at("component");
    return fmt::format("{}, build {}, id {}", printable(image.at("name").get<std::string>()),
                       printable(image.at("properties").at(0).at("value").get<std::string>()),
                       printable(image.at("version").get<std::string>()));
  } catch (const std::exception&) {  // of the JSON library
    throw Error(ErrorCode::kCorrupt, "image.bill.content", file_name + " is no bill of an image");
  }
}

std::vector<BilledFile> billed_files(std::string_view bill, const std::string& file_name) {
  std::vector<BilledFile> files;
  try {
    const Json whole = Json::parse(bill);
    for (const Json& component : whole.at("components")) {
      if (component.at("type") == "file") files.push_back(to_file(component));
    }
  } catch (const Error& error) {
    throw Error(ErrorCode::kCorrupt, "image.bill.content",
                fmt::format("{} is no bill of an image: {}", file_name, error.what()));
  } catch (const std::exception&) {  // of the JSON library, or of a number
    throw Error(ErrorCode::kCorrupt, "image.bill.content", file_name + " is no bill of an image");
  }
  return files;
}

}  // namespace mend::image
