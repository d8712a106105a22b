// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/initramfs.h"

#include <zstd.h>

#include <memory>

#include "base/error.h"
#include "image/cpio.h"

namespace mend::image {
namespace {

constexpr int kLevel = 19;

ByteVector to_vector(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

void check(size_t result) {
  if (ZSTD_isError(result) != 0)
    throw Error(ErrorCode::kIo, "image.initramfs.zstd",
                std::string("cannot compress the initramfs: ") + ZSTD_getErrorName(result));
}

}  // namespace

ByteVector make_initramfs(const InitramfsParts& parts, const ModuleSet& modules) {
  CpioArchive archive, rest;
  for (const char* name : {"dev", "proc", "sys", "run", "stick"}) archive.add_directory(name);
  archive.add_directory("tmp", 01777);
  archive.add_directory("root", 0700);
  archive.add_file("init", parts.init, 0755);
  archive.add_file("etc/mendstick/modules.first", to_vector(modules.first_list()), 0644);
  archive.add_file("etc/mendstick/modules.load", to_vector(modules.always_list()), 0644);
  archive.add_file("etc/mendstick/modules.later", to_vector(modules.later_list()), 0644);
  archive.add_file("etc/mendstick/modules.options", to_vector(modules.option_list()), 0644);
  const std::string folder = "lib/modules/" + parts.kernel_version + "/";
  archive.add_file(folder + "modules.dep", to_vector(modules.dependency_list()), 0644);
  archive.add_file(folder + "modules.alias", to_vector(modules.alias_list()), 0644);
  archive.add_file(folder + "modules.softdep", to_vector(modules.soft_dependency_list()), 0644);
  const std::set<std::string> often = modules.often();
  for (const auto& [name, module] : modules.modules)
    (often.count(name) != 0 ? archive : rest).add_file(folder + module.path, module.content, 0644);
  archive.add_file("bin/mend", parts.mend, 0755);
  archive.add_file("packed/modules", compress_initramfs(rest.bytes()), 0644);
  return archive.bytes();
}

ByteVector compress_initramfs(Bytes archive) {
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  if (context == nullptr)
    throw Error(ErrorCode::kIo, "image.initramfs.memory", "cannot compress the initramfs: no memory");
  check(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel));
  check(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1));
  ByteVector out(ZSTD_compressBound(archive.size()));
  const size_t size = ZSTD_compress2(context.get(), out.data(), out.size(), archive.data(), archive.size());
  check(size);
  out.resize(size);
  return out;
}

}  // namespace mend::image
