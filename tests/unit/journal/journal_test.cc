// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/journal.h"

#include <sys/stat.h>

#include <fstream>

#include "journal/format.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/journal/fixture.h"

namespace mend::journal {
namespace {

ByteVector read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("What is created opens again, with everything that was asked for", "[journal]") {
  Fixture f;
  const Journal made = f.create();
  const Journal opened = Journal::open(f.stick, "run.undo");
  CHECK(opened.state() == State::kEmpty);  // J-2: not before the commit
  f.put("valid.undo", f.valid_file());
  const Journal valid = f.open("valid.undo");
  CHECK(valid.state() == State::kValid);
  CHECK_FALSE(valid.is_fresh());
  CHECK(valid.path() == "stick/valid.undo");
  for (const Journal* journal : {&made, &valid}) {
    CHECK(journal->run_id() == f.request.run_id);
    CHECK(journal->created() == f.request.created);
    CHECK(journal->has_target());
    CHECK(differences(journal->target(), f.request.target).empty());
    CHECK(journal->target().disk_model == f.request.target.disk_model);
    CHECK(journal->block_bytes() == 4096);
    CHECK(journal->stages() == std::vector<block::Stage>{block::Stage::kDirtySet, block::Stage::kEdits,
                                                         block::Stage::kDirtyRestore});
    REQUIRE(journal->blocks().size() == 4);
    for (const Block& block : journal->blocks()) {
      const Bytes old = slice(Bytes(f.before), block.offset, block.images[0].bytes.size());
      CHECK_FALSE(block.images[0].stage);
      CHECK(equal(block.images[0].bytes, old));
      for (size_t i = 1; i < block.images.size(); ++i) {
        for (const block::StageImages& stage : f.stages) {
          if (stage.stage == block.images[i].stage)
            CHECK(stage.blocks.at(block.offset) == block.images[i].bytes);
        }
      }
    }
    CHECK(journal->blocks()[0].images.size() == 3);  // the flag: old, set, restored
    CHECK(journal->blocks()[3].images[0].bytes.size() == 512);
    REQUIRE(journal->witnesses().size() == 1);
    CHECK(journal->witnesses()[0].offset == 8 * 4096);
  }
}

TEST_CASE("J-1: a journal is never made over a file that is there", "[journal]") {
  Fixture f;
  f.create();
  const ByteVector bytes = f.stick->durable_files().at("run.undo");
  CHECK(id_of([&] { f.create(); }) == "test.store.exists");
  CHECK(f.stick->durable_files().at("run.undo") == bytes);

  const test::TempFolder folder;
  const std::string path = folder / "run.undo";
  std::ofstream(path) << "precious";
  CHECK(id_of([&] { Journal::create(path, f.request, f.stages, f.disk); }) == "journal.store.exists");
  CHECK(as_text(read_file(path)) == "precious");
  const std::string link = folder / "link.undo", nowhere = folder / "nowhere";
  REQUIRE(::symlink(nowhere.c_str(), link.c_str()) == 0);
  CHECK(id_of([&] { Journal::create(link, f.request, f.stages, f.disk); }) == "journal.store.exists");
  CHECK_FALSE(std::filesystem::exists(nowhere));
}

TEST_CASE("A journal in a real folder has the size that was told before, and is nobody else's", "[journal]") {
  Fixture f;
  const test::TempFolder folder;
  const std::string path = folder / "run.undo";
  uint64_t last = 0;
  const Journal journal =
      Journal::create(path, f.request, f.stages, f.disk, [&](Step step, uint64_t done, uint64_t total) {
        CHECK(step == Step::kJournal);
        CHECK(done > last);
        CHECK(done <= total);
        last = done;
      });
  CHECK(last > 0);
  CHECK(journal.path() == path);
  const uint64_t size = std::filesystem::file_size(path);
  const uint64_t told = Journal::file_bytes(f.request, f.stages);
  CHECK(size <= told);
  CHECK(told - size <= 4096);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(id_of([&] { Journal::open(path); }) == "block.file.locked");  // in use
}

TEST_CASE("A creation that fails leaves no file", "[journal]") {
  Fixture f;
  // The stick fails at each of its events.
  Fixture whole;
  whole.create();
  const uint64_t events = whole.power.events();
  REQUIRE(events >= 8);
  class FailingStore : public Store {
   public:
    FailingStore(std::shared_ptr<Store> below, uint64_t fail_at)
        : below_(std::move(below)), fail_at_(fail_at) {}
    std::string path_of(const std::string& name) const override { return below_->path_of(name); }
    std::unique_ptr<block::BlockDevice> create(const std::string& name, uint64_t size) override {
      step();
      files_.push_back(below_->create(name, size));
      auto file = std::make_unique<File>(*files_.back(), *this);
      return file;
    }
    std::unique_ptr<block::BlockDevice> open(const std::string& name) override { return below_->open(name); }
    void sync() override {
      step();
      below_->sync();
    }
    void remove(const std::string& name) override { below_->remove(name); }
    std::vector<std::string> names() override { return below_->names(); }

   private:
    class File : public test::ForwardingDevice {
     public:
      File(block::BlockDevice& below, FailingStore& store) : ForwardingDevice(below), store_(store) {}
      void write(uint64_t offset, Bytes data) override {
        store_.step();
        ForwardingDevice::write(offset, data);
      }
      void flush() override {
        store_.step();
        ForwardingDevice::flush();
      }

     private:
      FailingStore& store_;
    };
    void step() {
      if (steps_++ == fail_at_) throw Error(ErrorCode::kIo, "test.stick.full", "no space left");
    }
    std::shared_ptr<Store> below_;
    std::vector<std::unique_ptr<block::BlockDevice>> files_;
    uint64_t fail_at_, steps_ = 0;
  };
  for (uint64_t at = 0; at < events; ++at) {
    const auto store = std::make_shared<FailingStore>(f.stick, at);
    CAPTURE(at);
    CHECK(id_of([&] { Journal::create(store, "run.undo", f.request, f.stages, f.disk); }) ==
          "test.stick.full");
    CHECK(f.stick->names().empty());
  }
}

TEST_CASE("J-2: a stick that does not keep what is written to it is found by reading back", "[journal]") {
  class ForgetfulStore : public test::CrashStore {
   public:
    using CrashStore::CrashStore;
    std::unique_ptr<block::BlockDevice> create(const std::string& name, uint64_t size) override {
      below_ = CrashStore::create(name, size);
      return std::make_unique<File>(*below_);
    }

   private:
    class File : public test::ForwardingDevice {
     public:
      using ForwardingDevice::ForwardingDevice;
      void read_uncached(uint64_t offset, MutableBytes out) override {
        read(offset, out);
        out.back() ^= 1;
      }
    };
    std::unique_ptr<block::BlockDevice> below_;
  };
  Fixture f;
  const auto store = std::make_shared<ForgetfulStore>(f.power);
  CHECK(id_of([&] { Journal::create(store, "run.undo", f.request, f.stages, f.disk); }) ==
        "journal.create.readback");
  CHECK(store->names().empty());
}

TEST_CASE("A journal is made only of a change to the volume that was planned on", "[journal]") {
  const auto create_id = [](auto change) {
    Fixture f;
    change(f);
    const std::string id = id_of([&] { f.create(); });
    CHECK(f.stick->names().empty());
    return id;
  };
  CHECK(id_of([] { Fixture().create(); }) == "none");
  CHECK(create_id([](Fixture& f) { f.stages.clear(); }) == "journal.create.nothing");
  CHECK(create_id([](Fixture& f) { f.request.run_id.assign(256, 'x'); }) == "journal.create.run");
  CHECK(create_id([](Fixture& f) { f.request.block_bytes = 512; }) == "journal.create.block");
  CHECK(create_id([](Fixture& f) { f.request.block_bytes = 5000; }) == "journal.create.block");
  CHECK(create_id([](Fixture& f) { ++f.request.target.disk_size_bytes; }) == "journal.create.size");
  CHECK(create_id([](Fixture& f) { f.request.witnesses[0].bytes[5] ^= 1; }) == "journal.create.witness");
  // Blocks outside the partition: a mistake of ours must not reach a neighbour.
  CHECK(create_id([](Fixture& f) { f.request.target.partition_offset = 3 * 4096; }) ==
        "journal.header.partition");
  CHECK(create_id([](Fixture& f) {
          f.request.target.partition_offset = 3 * 4096;
          f.request.target.partition_size = 4096;
        }) == "journal.table.outside");
  CHECK(create_id([](Fixture& f) {
          f.request.target.partition_offset = 2 * 4096;  // only the flag's block lies before it
          f.request.target.partition_size = Fixture::kBytes - 2 * 4096;
        }) == "journal.table.outside");
  CHECK(create_id([](Fixture& f) {
          f.request.target.partition_size = 11 * 4096;  // only the last block lies behind it
        }) == "journal.table.outside");
  // The disk has the new bytes already.
  CHECK(create_id([](Fixture& f) { f.disk.bytes = f.after; }) == "journal.create.same");
}

TEST_CASE("Texts of any length and kind come back, cut at 255 bytes", "[journal]") {
  Fixture f;
  f.request.target.disk_serial = std::string(300, 's');
  f.request.target.disk_model = "\xC3\xA9\n\x1B[31m";
  f.request.run_id = std::string(255, 'r');
  f.put("valid.undo", f.valid_file());
  const Journal journal = f.open("valid.undo");
  CHECK(journal.target().disk_serial == std::string(255, 's'));
  CHECK(journal.target().disk_model == f.request.target.disk_model);
  CHECK(journal.run_id() == f.request.run_id);
  CHECK(differences(journal.target(), f.request.target).empty());
  CHECK(describe(journal.target()).find('\x1B') == std::string::npos);
}

TEST_CASE("Each difference between two targets is told; an unknown serial fits any", "[journal]") {
  const Target recorded = Fixture().request.target;
  const auto changed = [&](auto change) {
    Target present = recorded;
    change(present);
    return differences(recorded, present);
  };
  CHECK(changed([](Target&) {}).empty());
  CHECK(changed([](Target& t) { t.disk_model = "other"; }).empty());  // a name, not an identity
  CHECK(changed([](Target& t) { t.disk_serial.clear(); }).empty());
  CHECK(changed([](Target& t) { t.disk_serial = "S2"; }) ==
        std::vector<std::string>{"disk serial S2 instead of S4EVNX0N"});
  CHECK(changed([](Target& t) { t.disk_size_bytes = 1; }).size() == 1);
  CHECK(changed([](Target& t) { t.disk_guid.bytes[3] ^= 1; }).size() == 1);
  CHECK(changed([](Target& t) { t.mbr_signature = 0; }).size() == 1);
  CHECK(changed([](Target& t) { t.partition_guid = {}; }).size() == 1);
  CHECK(changed([](Target& t) { t.partition_offset = 0; }).size() == 1);
  CHECK(changed([](Target& t) { t.partition_size = 0; }).size() == 1);
  CHECK(describe(recorded) ==
        "disk S4EVNX0N (Samsung SSD 970), partition 4967d63b-2e29-4ad8-8399-f6a339e3d001");
  CHECK(describe(Target{}) == "disk without a serial number, partition at byte 0");
}

TEST_CASE("J-4: a state never goes back, and survives a torn write of the next one", "[journal]") {
  const State states[] = {State::kEmpty,      State::kValid,   State::kClosed, State::kRollingBack,
                          State::kRolledBack, State::kUndoing, State::kUndone};
  const std::pair<State, State> allowed[] = {
      {State::kEmpty, State::kValid},         {State::kValid, State::kValid},
      {State::kValid, State::kClosed},        {State::kValid, State::kRollingBack},
      {State::kValid, State::kRolledBack},    {State::kValid, State::kUndoing},
      {State::kClosed, State::kUndoing},      {State::kRollingBack, State::kRolledBack},
      {State::kRollingBack, State::kUndoing}, {State::kUndoing, State::kUndone},
  };
  const auto reach = [](Journal& journal, State state) {
    if (state == State::kEmpty) return;
    journal.make_valid();
    if (state == State::kRolledBack) journal.mark(State::kRollingBack);
    if (state == State::kUndone) journal.mark(State::kUndoing);
    if (state != State::kValid) journal.mark(state);
  };
  for (const State from : states) {
    for (const State to : states) {
      CAPTURE(to_string(from), to_string(to));
      Fixture f;
      Journal journal = f.create();
      reach(journal, from);
      const bool may =
          std::find(std::begin(allowed), std::end(allowed), std::pair(from, to)) != std::end(allowed);
      if (!may) {
        CHECK(id_of([&] { journal.mark(to); }) == "journal.mark.order");
        CHECK(journal.state() == from);
        continue;
      }
      const ByteVector whole_before = f.stick->durable_files().at("run.undo");
      journal.mark(to);
      CHECK(journal.state() == to);
      CHECK(f.open().state() == to);
      // Any bytes in place of the sector that was being written: the state before stands.
      const ByteVector whole_after = f.stick->durable_files().at("run.undo");
      const size_t slot =
          equal(slice(Bytes(whole_before), 0, 4096), slice(Bytes(whole_after), 0, 4096)) ? 4096 : 0;
      for (uint64_t seed = 0; seed < 8; ++seed) {
        ByteVector torn = whole_after;
        const ByteVector garbage = random_bytes(512, seed);
        std::copy(garbage.begin(), garbage.end(), torn.begin() + static_cast<ptrdiff_t>(slot));
        f.put("torn.undo", torn);
        CHECK(f.open("torn.undo").state() == from);
      }
    }
  }
}

TEST_CASE("A mark that the stick does not take leaves the state", "[journal]") {
  Fixture f;
  Journal journal = f.create();
  journal.make_valid();
  f.stick->pull();
  CHECK(id_of([&] { journal.mark(State::kClosed); }) == "test.stick.pulled");
  CHECK(journal.state() == State::kValid);
}

TEST_CASE("States have words, and three of them are open", "[journal]") {
  std::vector<std::string> open, all;
  for (uint32_t i = 1; i <= 7; ++i) {
    const State state{i};
    all.emplace_back(to_string(state));
    if (is_open(state)) open.emplace_back(to_string(state));
  }
  CHECK(all == std::vector<std::string>{"empty", "valid", "closed", "rolling-back", "rolled-back", "undoing",
                                        "undone"});
  CHECK(open == std::vector<std::string>{"valid", "rolling-back", "undoing"});
}

TEST_CASE("A folder's journals are listed with state, target and damage", "[journal]") {
  Fixture f;
  const test::TempFolder folder;
  const auto make = [&](const std::string& name, std::vector<State> marks) {
    Journal journal = Journal::create(folder / name, f.request, f.stages, f.disk);
    if (!marks.empty()) journal.make_valid();
    for (const State state : marks) {
      if (state != State::kValid) journal.mark(state);
    }
  };
  make("a-empty.undo", {});
  make("b-valid.undo", {State::kValid});
  make("c-closed.undo", {State::kClosed});
  make("d-undoing.undo", {State::kUndoing});
  make("e-damaged.undo", {State::kValid});
  {
    std::fstream file(folder / "e-damaged.undo", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0x5000);
    file.put('\x55').put('\xAA');
  }
  std::ofstream(folder / "f-nothing.undo").close();
  std::ofstream(folder / "g-text.undo") << "not a journal";
  std::ofstream(folder / "audit.jsonl") << "{}\n";
  std::filesystem::create_directory(folder / "h-folder.undo");

  const std::vector<Listing> all = list(folder.path().string());
  REQUIRE(all.size() == 8);
  CHECK(all[0].path == folder / "a-empty.undo");
  CHECK(all[0].state == State::kEmpty);
  CHECK(all[0].has_target);
  CHECK(all[1].state == State::kValid);
  CHECK(all[1].run_id == f.request.run_id);
  CHECK(all[1].created == f.request.created);
  CHECK(differences(all[1].target, f.request.target).empty());
  CHECK(all[2].state == State::kClosed);
  CHECK(all[3].state == State::kUndoing);
  REQUIRE(all[4].problem);
  CHECK(all[4].problem->find("checksum") != std::string::npos);
  CHECK(all[4].problem->find("e-damaged.undo") != std::string::npos);
  CHECK(all[4].has_target);  // whose disk it is, is known nevertheless
  CHECK_FALSE(all[5].problem);
  CHECK(all[5].state == State::kEmpty);
  CHECK_FALSE(all[5].has_target);
  CHECK(all[6].problem);
  CHECK_FALSE(all[6].has_target);
  CHECK(all[7].problem);

  std::vector<std::string> open;
  for (const Listing& listing : find_open(folder.path().string()))
    open.push_back(listing.path.substr(listing.path.rfind('/') + 1));
  CHECK(open == std::vector<std::string>{"b-valid.undo", "d-undoing.undo", "e-damaged.undo", "g-text.undo",
                                         "h-folder.undo"});
  CHECK(list(folder / "absent").empty());
  CHECK(id_of([&] { Journal::open(folder / "absent.undo"); }) == "block.file.missing");
}

}  // namespace
}  // namespace mend::journal
