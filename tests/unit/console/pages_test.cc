// SPDX-License-Identifier: GPL-3.0-or-later
// The pages as texts, compared with those in screens/, which a person has looked at. After a change:
// APPROVE_SCREENS=1 build/dev/tests/unit_console '[pages]' writes them anew; then look at what git shows.
#include "console/pages.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "console/qr.h"
#include "console/texts.h"
#include "console/work.h"
#include "tests/support/catch.h"
#include "tests/unit/console/sample.h"

namespace mend::console {
namespace {

using screen::Charset;
using screen::Size;

constexpr Size kSizes[] = {{25, 80}, {37, 100}, {67, 240}};

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void check_screens(const std::string& name, const Model& model, Charset charset = Charset::kUnicode) {
  for (const Size size : kSizes) {
    const std::string path = "tests/unit/console/screens/" + name + "-" + std::to_string(size.columns) + "x" +
                             std::to_string(size.rows) + ".txt";
    CAPTURE(path);
    std::string drawn = draw(model, size, charset).grid.text();
    drawn.erase(drawn.find_last_not_of('\n') + 2);  // rows that are empty to the end
    if (std::getenv("APPROVE_SCREENS") != nullptr) std::ofstream(path) << drawn;
    CHECK(drawn == read(path));
  }
}

void type(Dialog& dialog, std::string_view text) {
  for (const char c : text) dialog.key({screen::KeyCode::kCharacter, static_cast<char32_t>(c), 0, {}});
}

Dialog working() {
  Dialog dialog(sample::heading());
  dialog.run_begins();
  dialog.disk(sample::disk());
  dialog.volume(sample::open_volume());
  dialog.progress(repair::Phase::kVerify, "partition 3 of /dev/nvme0n1", 0.43);
  dialog.set_elapsed(std::chrono::seconds(72));
  dialog.tell("A keyboard was plugged in: Sample K120.");
  return dialog;
}

Dialog fixed() {
  Dialog dialog(sample::heading());
  const repair::Report report = sample::fixed_report();
  dialog.volume(sample::open_volume());
  dialog.run_ended(ending_of(report, "", ""), report, receipt_for_camera(report, "PF0SAMPL", "FIXED"), false);
  dialog.set_end(true, false);
  return dialog;
}

TEST_CASE("the page of a run on its way", "[console][pages]") {
  check_screens("working", working().model());
}

TEST_CASE("the page of a missing key, with a wrong group", "[console][pages]") {
  Dialog dialog(sample::heading());
  dialog.volume(sample::volume());
  dialog.ask_key(sample::question());
  type(dialog, "111111222221333333444");
  check_screens("key", dialog.model());
}

TEST_CASE("what is plugged in and pulled out is told on the page of a missing key", "[console][pages]") {
  Dialog dialog(sample::heading());
  dialog.tell("said before");
  dialog.ask_key(sample::question());
  const auto shown = [&](const char* text) {
    for (const Size size : {Size{24, 80}, Size{25, 80}, Size{37, 100}}) {
      if (draw(dialog.model(), size, Charset::kUnicode).grid.text().find(text) == std::string::npos)
        return false;
    }
    return true;
  };
  CHECK_FALSE(shown("said before"));
  dialog.tell("A keyboard was plugged in: Sample K120.");
  CHECK(shown("A keyboard was plugged in: Sample K120."));
  dialog.set_stick_away(true);
  type(dialog, "1234");
  check_screens("key-stick-out", dialog.model());
  dialog.tell("A keyboard was pulled out: Sample K120.");
  CHECK(shown(texts::kStickAway));
  dialog.set_stick_away(false);
  CHECK(shown("A keyboard was pulled out: Sample K120."));
}

TEST_CASE("PA-2: no key is on a page unless the person asks to see it", "[console][pages]") {
  Dialog dialog(sample::heading());
  dialog.ask_key(sample::question());
  type(dialog, sample::kKey);
  CHECK(draw(dialog.model(), {25, 80}, Charset::kUnicode).grid.text().find("444444") == std::string::npos);
  dialog.key({screen::KeyCode::kFunction, 0, 2, {}});
  CHECK(draw(dialog.model(), {25, 80}, Charset::kUnicode).grid.text().find("444444") != std::string::npos);
}

TEST_CASE("the page of a plan", "[console][pages]") {
  Dialog dialog(sample::heading());
  dialog.volume(sample::open_volume());
  dialog.ask_consent({sample::planned_volume()});
  check_screens("plan", dialog.model());
}

TEST_CASE("the page of a verdict", "[console][pages]") {
  check_screens("fixed", fixed().model());
  Dialog dialog(sample::heading());
  repair::Report report = sample::fixed_report();
  report.wrote = false;
  report.exit_status = 1;
  report.verdict = repair::Verdict::kLocked;
  report.volumes = {sample::volume()};
  report.volumes[0].verdict = repair::Verdict::kLocked;
  report.volumes[0].reason = "no key given fits";
  dialog.run_ended(ending_of(report, "", "Service desk, 030 1234"), report, "", false);
  check_screens("needs-you", dialog.model());
}

TEST_CASE("the menu, the question before it writes, and the receipt", "[console][pages]") {
  Dialog dialog = fixed();
  type(dialog, "m");
  check_screens("menu", dialog.model());
  type(dialog, "1");
  check_screens("undo", dialog.model());
  type(dialog, "n6");
  check_screens("receipt", dialog.model());
}

TEST_CASE("without Unicode everything is ASCII", "[console][pages]") {
  std::vector<Dialog> dialogs;
  dialogs.push_back(working());
  dialogs.push_back(fixed());
  for (const Dialog& dialog : dialogs) {
    const screen::Grid grid = draw(dialog.model(), {24, 80}, Charset::kAscii).grid;
    for (int row = 0; row < grid.rows(); ++row) {
      for (int column = 0; column < grid.columns(); ++column)
        CHECK(screen::ascii_for(grid.at(row, column).character) != '?');
    }
  }
}

TEST_CASE("PA-1: customer, incident and build date are on every page", "[console][pages]") {
  Dialog dialog = fixed();
  for (const char* keys : {"", "m", "1"}) {
    type(dialog, keys);
    const std::string text = draw(dialog.model(), {25, 80}, Charset::kUnicode).grid.text();
    CHECK(text.find(sample::heading().customer) != std::string::npos);
    CHECK(text.find(sample::heading().incident) != std::string::npos);
    CHECK(text.find(sample::heading().built) != std::string::npos);
  }
}

TEST_CASE("GR-1: any size is drawn", "[console][pages]") {
  std::vector<Dialog> dialogs;
  dialogs.push_back(working());
  dialogs.push_back(fixed());
  dialogs.emplace_back(sample::heading());
  dialogs.back().ask_key(sample::question());
  dialogs.emplace_back(sample::heading());
  dialogs.back().ask_consent({sample::planned_volume()});
  for (int rows = 1; rows < 40; rows += 3) {
    for (int columns = 1; columns < 130; columns += 7) {
      for (const Dialog& dialog : dialogs) {
        for (const Charset charset : {Charset::kUnicode, Charset::kAscii})
          CHECK(draw(dialog.model(), {rows, columns}, charset).grid.rows() == rows);
      }
    }
  }
}

TEST_CASE("the receipt's code fits a screen of 25 rows", "[console][pages]") {
  const std::string receipt = receipt_for_camera(sample::fixed_report(), "PF0SAMPL", "FIXED");
  CHECK(receipt.find("C:7031FF2EF01207A0") != std::string::npos);
  const Qr qr(receipt);
  CHECK(qr.size(Charset::kUnicode).rows <= 25);
  CHECK(Qr("").empty());
  CHECK(Qr(std::string(5000, 'x')).empty());
}

}  // namespace
}  // namespace mend::console
