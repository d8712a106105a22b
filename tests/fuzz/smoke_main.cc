// SPDX-License-Identifier: GPL-3.0-or-later
// Runs one fuzz target without libFuzzer:
//   <name>_fuzz               the seeds, each cut at many lengths, and some thousand mutations; always the
//   same <name>_fuzz --write DIR   writes the seeds as files, for libFuzzer to start from <name>_fuzz FILE...
//   these inputs: how a finding is looked at
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>

#include "tests/fuzz/seeds.h"

namespace {

using mend::ByteVector;
using Random = std::mt19937_64;

constexpr size_t kMutations = 3000;
constexpr size_t kCuts = 200;

void run(const ByteVector& input) {
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

size_t below(Random& random, size_t limit) {
  return static_cast<size_t>(random() % limit);
}

// Overwrites 1, 2, 4 or 8 bytes with a value that parsers get wrong.
void put_extreme(ByteVector& bytes, Random& random) {
  constexpr uint64_t kExtremes[] = {0,      1,      0x7f,       0x80,       0xff,
                                    0x7fff, 0xffff, 0x7fffffff, 0xffffffff, UINT64_MAX};
  const size_t width = size_t{1} << below(random, 4);
  if (bytes.size() < width) return;
  const uint64_t value = kExtremes[below(random, std::size(kExtremes))];
  const size_t at = below(random, bytes.size() - width + 1);
  for (size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<uint8_t>(value >> (8 * i));
}

void mutate(ByteVector& bytes, Random& random) {
  if (bytes.empty()) bytes.push_back(0);
  const size_t at = below(random, bytes.size());
  const size_t length = std::min(bytes.size() - at, below(random, 64) + 1);
  const auto first = bytes.begin() + static_cast<ptrdiff_t>(at);
  switch (below(random, 5)) {
    case 0:  // flip a bit
      bytes[at] ^= static_cast<uint8_t>(1u << below(random, 8));
      break;
    case 1:  // a random byte
      bytes[at] = static_cast<uint8_t>(random());
      break;
    case 2:
      put_extreme(bytes, random);
      break;
    case 3:  // take a piece out
      bytes.erase(first, first + static_cast<ptrdiff_t>(length));
      break;
    default: {  // put a piece in twice
      const ByteVector piece(first, first + static_cast<ptrdiff_t>(length));
      bytes.insert(first, piece.begin(), piece.end());
    }
  }
}

void run_mutations(const std::vector<ByteVector>& seeds) {
  Random random(1);
  for (size_t i = 0; i < kMutations; ++i) {
    ByteVector input = seeds[i % seeds.size()];
    for (size_t times = below(random, 8) + 1; times > 0; --times) mutate(input, random);
    run(input);
  }
}

void write_seeds(const std::vector<ByteVector>& seeds, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream file(folder / ("seed-" + std::to_string(i)), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seeds[i].data()), static_cast<std::streamsize>(seeds[i].size()));
    if (!file.flush()) throw std::runtime_error("cannot write the seeds to " + folder.string());
  }
}

void run_file(const char* name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) throw std::runtime_error(std::string("cannot read ") + name);
  run(ByteVector(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<ByteVector> seeds = mend::test::fuzz_seeds();
    if (argc == 3 && std::string(argv[1]) == "--write") {
      write_seeds(seeds, argv[2]);
      return 0;
    }
    for (int i = 1; i < argc; ++i) run_file(argv[i]);
    if (argc > 1) return 0;
    if (seeds.empty()) throw std::runtime_error("there are no seeds");
    for (const ByteVector& seed : seeds) {
      run(seed);
      for (size_t cut = 0; cut < kCuts; ++cut)
        run(ByteVector(seed.begin(), seed.begin() + static_cast<ptrdiff_t>(seed.size() * cut / kCuts)));
    }
    run_mutations(seeds);
    std::cout << seeds.size() << " seeds, " << kMutations << " mutations\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "an exception escaped: " << error.what() << '\n';
    return 1;
  }
}
