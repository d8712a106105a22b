// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/plan.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "manifest/protected.h"
#include "ntfs/path.h"
#include "repair/conditions.h"

namespace mend::repair {
namespace {

// Names beyond this are not looked at one by one: the rule is too wide to be meant.
constexpr size_t kMaximumNames = 250'000;
// A file larger than this is acted on without its hash, which would take minutes on an old disk.
constexpr uint64_t kMaximumHashedBytes = uint64_t{256} << 20;

[[noreturn]] void refuse(const char* id, const manifest::Rule& rule, const std::string& why) {
  throw Error(ErrorCode::kRefused, id,
              "rule " + rule.id + ": " + why + "; nothing on this volume was changed");
}

class Planner {
 public:
  Planner(Volume& volume, const std::string& run_id, Operator& person)
      : volume_(volume), run_id_(run_id), person_(person) {}

  void add(const manifest::Rule& rule) {
    stop_if_asked(person_);
    person_.progress(Phase::kPlan, volume_.name, -1);
    const ntfs::GlobResult found = ntfs::glob(*volume_.ntfs, rule.components, kMaximumNames);
    if (found.limit_reached) {
      refuse("repair.plan.names", rule,
             "more than " + std::to_string(kMaximumNames) + " names match " + rule.path_text);
    }
    if (found.matches.empty()) return idle(rule, nothing_matches(rule, found));
    std::string last_failure;
    size_t count = 0;
    for (const ntfs::GlobMatch& match : found.matches) {
      const ntfs::FileInfo info = volume_.ntfs->stat(match.entry.reference);
      const std::string path = printable(match.path);
      if (auto why = first_failing(rule.when, *volume_.ntfs, info, build_for(match.path))) {
        last_failure = path + " matches, but " + *why;
        continue;
      }
      if (++count > rule.max_matches) {
        refuse("repair.plan.max_matches", rule,
               "more than " + std::to_string(rule.max_matches) + " files match, the most that it allows");
      }
      act(rule, match, info);
    }
    if (count == 0)
      idle(rule, last_failure + (found.matches.size() > 1
                                     ? " (the last of " + std::to_string(found.matches.size()) + " names)"
                                     : ""));
  }

  Plan take() { return std::move(plan_); }

 private:
  void idle(const manifest::Rule& rule, const std::string& reason) {
    volume_.report.idle_rules.push_back({rule.id, reason});
  }

  static std::string nothing_matches(const manifest::Rule& rule, const ntfs::GlobResult& found) {
    const std::string where = found.searched_in.empty() ? "the volume's root" : printable(found.searched_in);
    const std::string name = printable(to_utf8(rule.components[found.absent_component]));
    if (found.absent_component + 1 < rule.components.size())
      return "there is no folder " + name + " in " + where;
    return "no name in " + where + " matches " + name;
  }

  // The build of the installation whose folder the path begins with; of the only one, for a path elsewhere.
  std::optional<uint32_t> build_for(const std::string& path) const {
    const std::vector<WindowsReport>& all = volume_.report.windows;
    const std::string first = path.substr(0, path.find('\\'));
    for (const WindowsReport& windows : all) {
      if (windows.directory == first || all.size() == 1) return build_number(windows);
    }
    return std::nullopt;
  }

  static std::optional<uint32_t> build_number(const WindowsReport& windows) {
    if (windows.build.empty()) return std::nullopt;
    return static_cast<uint32_t>(std::stoul(windows.build));
  }

  // P-3: true when the name is taken by an earlier rule that does the same.
  bool planned_before(const manifest::Rule& rule, const ntfs::GlobMatch& match) const {
    for (size_t i = 0; i < plan_.actions.size(); ++i) {
      const PlannedAction& earlier = plan_.actions[i];
      if (earlier.entry.parent != match.entry.parent || earlier.entry.name != match.entry.name) continue;
      if (earlier.action == rule.action &&
          (rule.action != manifest::Action::kRename || earlier.new_name == rule.new_name)) {
        return true;
      }
      refuse("repair.plan.twice", rule,
             printable(match.path) + " is already to be changed otherwise by rule " +
                 volume_.report.actions[i].rule);
    }
    return false;
  }

  void refuse_protected(const manifest::Rule& rule, const std::string& path) const {
    if (const auto why = manifest::why_refused(rule, ntfs::split_path(path)))
      refuse("repair.plan.protected", rule, *why);
  }

  void act(const manifest::Rule& rule, const ntfs::GlobMatch& match, const ntfs::FileInfo& info) {
    refuse_protected(rule, match.path);
    for (const ntfs::Link& link : info.links) {  // the other spelling of the same name
      if (link.parent == match.entry.parent) refuse_protected(rule, sibling(match.path, link.name));
    }
    if (planned_before(rule, match))
      return idle(rule, printable(match.path) + " is already planned by another rule");
    PlannedAction action{rule.action, match.entry, match.entry.parent, {}};
    ActionReport report;
    report.rule = rule.id;
    report.says = in_words(rule);
    report.action = manifest::to_string(rule.action);
    report.path = printable(match.path);
    if (rule.action == manifest::Action::kRename) plan_rename(rule, match, action, report);
    if (rule.action == manifest::Action::kQuarantine) plan_quarantine(match, action, report);
    describe_file(match, info, report);
    report.outcome = "planned";
    plan_.actions.push_back(std::move(action));
    volume_.report.actions.push_back(std::move(report));
  }

  static std::string sibling(const std::string& path, const std::u16string& name) {
    const size_t slash = path.rfind('\\');
    return (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + to_utf8(name);
  }

  void plan_rename(const manifest::Rule& rule, const ntfs::GlobMatch& match, PlannedAction& action,
                   ActionReport& report) {
    action.new_name = rule.new_name;
    const std::string target = sibling(match.path, rule.new_name);
    refuse_protected(rule, target);
    const bool taken = !new_names_.emplace(match.entry.parent.record, to_utf8(fold(rule.new_name))).second;
    if (taken || volume_.ntfs->find(match.entry.parent, rule.new_name)) {
      refuse("repair.plan.target", rule,
             "cannot rename " + printable(match.path) + ": " + printable(target) +
                 " exists, or is another file's new name");
    }
    report.new_path = printable(target);
  }

  void plan_quarantine(const ntfs::GlobMatch& match, PlannedAction& action, ActionReport& report) {
    plan_.quarantine_folder = to_utf16(run_id_);
    action.new_name = match.entry.name;
    for (int n = 2; !quarantined_.insert(to_utf8(fold(action.new_name))).second; ++n) {
      action.new_name = match.entry.name + to_utf16("." + std::to_string(n));
    }
    report.new_path = to_utf8(kQuarantineRoot) + "\\" + run_id_ + "\\" + printable(to_utf8(action.new_name));
  }

  std::u16string fold(std::u16string_view name) { return volume_.ntfs->upcase().fold(name); }

  void describe_file(const ntfs::GlobMatch& match, const ntfs::FileInfo& info, ActionReport& report) {
    report.size_bytes = info.size_bytes;
    report.modified = info.modified;
    report.created = info.created;
    for (const ntfs::Link& link : info.links) {
      const bool same_name = link.parent == match.entry.parent &&
                             (link.name == match.entry.name || link.name_space == ntfs::NameSpace::kDos);
      if (!same_name) report.other_links.push_back(printable(volume_path_of(link)));
    }
    if (info.size_bytes > kMaximumHashedBytes) {
      report.note = "not hashed: larger than " + std::to_string(kMaximumHashedBytes >> 20) + " MiB";
      return;
    }
    try {
      report.sha256 = sha256_of_file(*volume_.ntfs, info);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnsupported && error.code() != ErrorCode::kNotFound) throw;
      report.note = std::string("not hashed: ") + error.what();
    }
  }

  // Up from a name to the root, at most as deep as a path can be.
  std::string volume_path_of(const ntfs::Link& link) {
    std::string path = to_utf8(link.name);
    ntfs::MftReference directory = link.parent;
    for (int depth = 0; depth < 256 && directory.record != ntfs::kRootDirectory.record; ++depth) {
      const ntfs::FileInfo info = volume_.ntfs->stat(directory);
      if (info.links.empty()) break;
      path.insert(0, to_utf8(info.name).append("\\"));
      directory = info.links.front().parent;
    }
    return path;
  }

  Volume& volume_;
  const std::string& run_id_;
  Operator& person_;
  Plan plan_;
  std::set<std::pair<uint64_t, std::string>> new_names_;
  std::set<std::string> quarantined_;
};

}  // namespace

Plan make_plan(Volume& volume, const std::vector<manifest::Manifest>& manifests, const std::string& run_id,
               Operator& person) {
  Planner planner(volume, run_id, person);
  for (const manifest::Manifest& manifest : manifests) {
    for (const manifest::Rule& rule : manifest.rules) planner.add(rule);
  }
  return planner.take();
}

}  // namespace mend::repair
