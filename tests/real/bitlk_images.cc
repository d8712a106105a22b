// SPDX-License-Identifier: GPL-3.0-or-later
// Checks src/bitlocker on the volumes that Windows made, from the tests of cryptsetup: every image, and every
// secret that images.conf gives for it.
//   bitlk_images DIRECTORY             what metadata says without a key; each secret unlocks; SHA-256 of the
//   plaintext bitlk_images DIRECTORY --write OUT copies images to OUT, writes into each through the unlocked
//   view, and says on
//                                      stdout "file recovery-password sha256" for a judge of other make
//                                      (real/run)
// Exit status 1 when anything differs.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <tuple>

#include "base/error.h"
#include "base/text.h"
#include "bitlocker/bitlocker.h"
#include "block/file_device.h"

namespace {

using namespace mend;
using namespace mend::bitlocker;
namespace fs = std::filesystem;

using Section = std::map<std::string, std::string>;

std::map<std::string, Section> read_conf(const fs::path& path) {
  std::map<std::string, Section> sections;
  std::ifstream in(path);
  std::string line, name;
  while (std::getline(in, line)) {
    if (line.starts_with('[')) {
      name = line.substr(1, line.find(']') - 1);
      sections[name];
    } else if (const size_t equals = line.find('='); equals != std::string::npos) {
      sections[name][line.substr(0, equals)] = line.substr(equals + 1);
    }
  }
  return sections;
}

ByteVector read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  return {content.begin(), content.end()};
}

std::string hash_of(block::BlockReader& reader) {
  crypto::Sha256 hash;
  ByteVector buffer(size_t{1} << 20);
  for (uint64_t at = 0; at < reader.size_bytes(); at += buffer.size()) {
    const MutableBytes part = MutableBytes(buffer).first(
        static_cast<size_t>(std::min<uint64_t>(buffer.size(), reader.size_bytes() - at)));
    reader.read(at, part);
    hash.update(part);
  }
  return to_hex(hash.finish());
}

// One way in: what images.conf calls it, the credentials, and the protector that has to open.
struct Way {
  std::string name;
  Credentials credentials;
  std::string protector;
  ProtectorType type;
};

Credentials with_recovery(const std::string& password, std::optional<Guid> id) {
  Credentials credentials;
  credentials.recovery.push_back({id, "", RecoveryPassword::parse(password)});
  return credentials;
}

class ImageCheck {
 public:
  ImageCheck(fs::path directory, std::string name, Section conf)
      : directory_(std::move(directory)), name_(std::move(name)), conf_(std::move(conf)) {}

  bool run() {
    std::printf("%s\n", name_.c_str());
    try {
      check();
    } catch (const std::exception& error) {
      fail(std::string("not expected: ") + error.what());
    }
    return !failed_;
  }

 private:
  void fail(const std::string& what) {
    std::printf("  FAILED %s\n", what.c_str());
    failed_ = true;
  }
  void expect(bool holds, const std::string& what) {
    if (!holds) fail(what);
  }
  std::string get(const std::string& key) const {
    const auto found = conf_.find(key);
    return found == conf_.end() ? "" : found->second;
  }

  void check() {
    device_ = block::FileDevice::open((directory_ / (name_ + ".img")).string(), block::Access::kRead);
    expect(is_bitlocker(*device_), "the signature is not recognised");
    const Metadata metadata = Metadata::read(*device_);
    std::printf("  %s, \"%s\", copy %d\n", std::string(to_string(metadata.method())).c_str(),
                metadata.description().c_str(), metadata.copy_used() + 1);
    expect(metadata.volume_guid().to_string() == get("GUID"), "the volume's GUID differs");
    check_method(metadata);
    check_protectors(metadata);
    const bool damaged = name_.ends_with("-crc");  // two copies of three have a wrong CRC
    expect(metadata.copy_used() == (damaged ? 2 : 0), "not the copy that is good");
    expect(metadata.copy_problems().size() == (damaged ? 2 : 0), "damaged copies are not told");
    expect(metadata.layout() == (name_.find("togo") != std::string::npos ? Layout::kToGo : Layout::kFixed),
           "the layout differs");
    expect(metadata.sector_bytes() == (name_.ends_with("-4k") ? 4096 : 512), "the sector size differs");
    if (get("SHA256SUM").empty()) {
      check_unsupported(metadata);
      return;
    }
    expect(!metadata.unsupported_reason(), "it is called unsupported");
    for (Way& way : ways()) check_way(metadata, way);
    check_wrong_key(metadata);
  }

  // images.conf names the cipher, the image's name the key's length.
  void check_method(const Metadata& metadata) {
    const std::map<std::string, std::string> words = {
        {"aes-cbc-eboiv", "aes-cbc-"}, {"aes-xts-plain64", "xts-aes-"}, {"aes-cbc-elephant", "aes-cbc-"}};
    std::string expected = words.at(get("CIPHER")) + (name_.find("256") != std::string::npos ? "256" : "128");
    if (get("CIPHER") == "aes-cbc-elephant") expected += "-elephant";
    expect(to_string(metadata.method()) == expected, "the method is not " + expected);
  }

  void check_protectors(const Metadata& metadata) {
    const std::map<std::string, ProtectorType> types = {
        {"PW_VMK_GUID", ProtectorType::kPassword},          {"RP_VMK_GUID", ProtectorType::kRecoveryPassword},
        {"RP2_VMK_GUID", ProtectorType::kRecoveryPassword}, {"SC_VMK_GUID", ProtectorType::kPublicKey},
        {"SK_VMK_GUID", ProtectorType::kStartupKey},        {"CLEARKEY_VMK_GUID", ProtectorType::kClearKey}};
    for (const auto& [key, type] : types) {
      if (get(key).empty()) continue;
      const auto& all = metadata.protectors();
      expect(std::any_of(all.begin(), all.end(),
                         [&, id = Guid::parse(get(key)), wanted = type](const ProtectorInfo& protector) {
                           return protector.id == id && protector.type == wanted;
                         }),
             "no protector " + get(key) + " of type " + std::string(to_string(type)));
    }
  }

  void check_unsupported(const Metadata& metadata) {
    expect(metadata.unsupported() &&
               std::string_view(metadata.unsupported()->id) == "bitlocker.encrypt_on_write",
           "not refused for encrypt-on-write");
    try {
      (void)unlock(metadata, with_recovery(get("RP"), std::nullopt));
      fail("unlocked although unsupported");
    } catch (const Error& error) {
      expect(error.code() == ErrorCode::kUnsupported, std::string("another error: ") + error.what());
      std::printf("  unsupported, as it must be: %s\n", error.what());
    }
  }

  std::vector<Way> ways() {
    std::vector<Way> all;
    for (const std::string which : {"RP", "RP2"}) {
      if (get(which).empty()) continue;
      const std::string id = get(which + "_VMK_GUID");
      all.push_back({which, with_recovery(get(which), std::nullopt), id, ProtectorType::kRecoveryPassword});
      all.push_back({which + " by its ID", with_recovery(get(which), Guid::parse(id)), id,
                     ProtectorType::kRecoveryPassword});
    }
    if (!get("PW").empty()) {
      Credentials credentials;
      credentials.passwords.emplace_back(std::string_view(get("PW")));
      all.push_back({"PW", std::move(credentials), get("PW_VMK_GUID"), ProtectorType::kPassword});
    }
    if (const std::string id = get("SK_VMK_GUID"); !id.empty()) {
      std::string file = id;
      for (char& c : file) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      const ByteVector bek = read_file(directory_ / (file + ".BEK"));
      Credentials credentials;
      credentials.startup_keys.push_back(StartupKey::parse(bek));
      all.push_back({"BEK of " + std::to_string(bek.size()) + " bytes", std::move(credentials), id,
                     ProtectorType::kStartupKey});
    }
    if (const std::string id = get("CLEARKEY_VMK_GUID"); !id.empty())
      all.push_back({"clear key", {}, id, ProtectorType::kClearKey});
    return all;
  }

  void check_way(const Metadata& metadata, const Way& way) {
    const std::optional<Unlocked> unlocked = unlock(metadata, way.credentials);
    if (!unlocked) return fail(way.name + " does not unlock it");
    expect(unlocked->protector_id.to_string() == way.protector, way.name + " opened another protector");
    expect(unlocked->type == way.type, way.name + " opened a protector of another type");
    UnlockedVolume volume(device_, *unlocked->metadata, unlocked->keys);
    const std::string hash = hash_of(volume);
    expect(hash == get("SHA256SUM"), way.name + ": SHA-256 is " + hash);
    if (hash == get("SHA256SUM")) std::printf("  ok %s\n", way.name.c_str());
  }

  void check_wrong_key(const Metadata& metadata) {
    if (!get("CLEARKEY_VMK_GUID").empty()) return;  // opens without any key
    Credentials credentials =
        with_recovery("000011-000022-000033-000044-000055-000066-000077-000088", std::nullopt);
    credentials.passwords.emplace_back(std::string_view("not the password"));
    expect(!unlock(metadata, credentials), "a wrong key unlocks it");
  }

  fs::path directory_;
  std::string name_;
  Section conf_;
  std::shared_ptr<block::FileDevice> device_;
  bool failed_ = false;
};

// Bytes at odd places: the start (the moved header), a part of a sector, many sectors across pieces, the end.
void write_marks(UnlockedVolume& volume, const Metadata& metadata) {
  const auto write = [&](uint64_t offset, size_t length, uint8_t seed) {
    ByteVector bytes(length);
    for (size_t i = 0; i < length; ++i) bytes[i] = static_cast<uint8_t>(seed + i * 7 + i / 251);
    volume.write(offset, bytes);
  };
  write(3, 8, 1);
  write(metadata.moved_header().length - 100, 1000, 2);
  write(metadata.moved_header().length + 0x100000 + 77, 3 * 0x100000 + 5, 3);
  write(volume.size_bytes() - 1, 1, 4);
  volume.flush();
}

std::string value(const Section& section, const std::string& key) {
  const auto found = section.find(key);
  return found == section.end() ? "" : found->second;
}

void write_copy(const fs::path& image, const Section& conf, const fs::path& copy) {
  fs::copy_file(image, copy, fs::copy_options::overwrite_existing);
  fs::permissions(copy, fs::perms::owner_write, fs::perm_options::add);
  const std::shared_ptr<block::FileDevice> device =
      block::FileDevice::open(copy.string(), block::Access::kReadWrite);
  const Metadata metadata = Metadata::read(*device);
  const auto unlocked = unlock(metadata, with_recovery(value(conf, "RP"), std::nullopt));
  if (!unlocked) throw std::runtime_error("the recovery password does not fit");
  UnlockedVolume volume(device, *unlocked->metadata, unlocked->keys);
  write_marks(volume, metadata);
  std::printf("%s %s\n", value(conf, "RP").c_str(), hash_of(volume).c_str());
}

using Sections = std::map<std::string, Section>;

std::vector<fs::path> images_in(const fs::path& directory) {
  std::vector<fs::path> images;
  for (const auto& file : fs::directory_iterator(directory)) {
    if (file.path().extension() == ".img") images.push_back(file.path());
  }
  std::sort(images.begin(), images.end());
  return images;
}

void list_kinds(const fs::path& directory, const Sections& sections) {
  std::map<std::tuple<Method, uint32_t, Layout>, std::string> kinds;
  for (const fs::path& image : images_in(directory)) {
    const std::string name = image.stem().string();
    const Section& conf = sections.at(name);
    if (value(conf, "SHA256SUM").empty() || value(conf, "RP").empty()) continue;
    const auto device = block::FileDevice::open(image.string(), block::Access::kRead);
    const Metadata metadata = Metadata::read(*device);
    kinds.emplace(std::tuple{metadata.method(), metadata.sector_bytes(), metadata.layout()}, name);
  }
  for (const auto& [kind, name] : kinds) std::printf("%s\n", name.c_str());
}

bool check_all(const fs::path& directory, const Sections& sections) {
  size_t good = 0;
  const std::vector<fs::path> images = images_in(directory);
  for (const fs::path& image : images) {
    const std::string name = image.stem().string();
    if (sections.contains(name))
      good += ImageCheck(directory, name, sections.at(name)).run();
    else
      std::printf("%s\n  FAILED it is not in images.conf\n", name.c_str());
  }
  std::printf("%zu of %zu images as they should be\n", good, images.size());
  return !images.empty() && good == images.size();
}

int run(const std::vector<std::string>& arguments) {
  const fs::path directory = arguments.empty() ? "" : arguments[0];
  if (arguments.size() == 1) return check_all(directory, read_conf(directory / "images.conf")) ? 0 : 1;
  if (arguments.size() == 2 && arguments[1] == "--list") {
    list_kinds(directory, read_conf(directory / "images.conf"));
    return 0;
  }
  if (arguments.size() == 4 && arguments[1] == "--write") {
    const Sections sections = read_conf(directory / "images.conf");
    write_copy(directory / (arguments[2] + ".img"), sections.at(arguments[2]), arguments[3]);
    return 0;
  }
  std::fprintf(stderr, "usage: bitlk_images DIRECTORY [--list | --write NAME FILE]\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bitlk_images: %s\n", error.what());
    return 1;
  }
}
