// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/json.h"

#include <algorithm>

#include "base/text.h"
#include "keys/columns.h"
#include "keys/json_reader.h"
#include "keys/scan.h"

namespace mend::keys {
namespace {

// Texts of one role, several joined by a blank: Collector tells them apart again.
void join(WipedString& to, std::string_view text) {
  if (!to.empty()) to += ' ';
  to += text;
}

// An object that is being read, or, at the bottom, what is outside of any.
struct Object {
  size_t line = 0;
  WipedString key, vague_key, id, vague_id, date;
  std::string host, vague_host, path;
  bool has_key_member = false;
  bool has_objects = false;
};

// An object or an array on the way down to the current value.
struct Level {
  bool is_object;
  Role role;  // of the value to come: the last member's in an object, the array's own in an array
};

class KeyHandler : public JsonHandler {
 public:
  KeyHandler(const Entry& context, Collector& into) : into_(into) {
    Object& root = objects_.emplace_back();
    root.line = context.line;
    root.id = context.id;
    root.host = std::string(context.host);
    root.path = std::string(context.path);
    root.date = context.date;
    levels_.push_back({false, Role::kNone});
  }

  void begin_object(size_t line) override {
    Object object;
    object.line = line;
    objects_.back().has_objects = true;
    objects_.push_back(std::move(object));
    levels_.push_back({true, Role::kNone});
  }
  void end_object() override {
    const Object object = std::move(objects_.back());
    objects_.pop_back();
    levels_.pop_back();
    give(object);
  }
  void begin_array() override { levels_.push_back({false, levels_.back().role}); }
  void end_array() override { levels_.pop_back(); }

  void name(std::string_view text) override {
    const Role role = role_of(text);
    levels_.back().role = role;
    if (role == Role::kKey || role == Role::kVagueKey) objects_.back().has_key_member = true;
  }

  void string(std::string_view text, size_t line) override {
    Object& object = objects_.back();
    switch (levels_.back().role) {
      case Role::kKey:
        return join(object.key, text);
      case Role::kVagueKey:
        return join(object.vague_key, text);
      case Role::kId:
        return join(object.id, text);
      case Role::kVagueId:
        return join(object.vague_id, text);
      case Role::kHost:
        object.host = std::string(text);
        return;
      case Role::kVagueHost:
        object.vague_host = std::string(text);
        return;
      case Role::kPath:
        object.path = std::string(text);
        return;
      case Role::kDate:
        object.date = text;
        return;
      case Role::kTime:
      case Role::kOffset:
      case Role::kSource:
        return;
      case Role::kNone:
        if (objects_.size() == 1) bare_string(text, line);
        return;
    }
  }
  // A key that was written as a number.
  void other(std::string_view text, size_t line) override {
    if (text.size() >= 40) string(text, line);
  }

  void finish() {
    if (objects_.size() == 1 && !objects_.back().key.empty()) give(objects_.back());
    if (without_key_ == 0) return;
    into_.problem(first_without_key_,
                  std::to_string(without_key_) + (without_key_ == 1 ? " entry has" : " entries have") +
                      " an ID and no key: a list from the Graph API leaves keys out; ask for each with GET "
                      "/informationProtection/bitlocker/recoveryKeys/{id}?$select=key");
  }

 private:
  // In a list of plain texts.
  void bare_string(std::string_view text, size_t line) {
    const std::vector<Finding> found = scan(text);
    const bool key = std::any_of(found.begin(), found.end(), [](const Finding& f) {
      return f.kind == Finding::Kind::kKey || f.kind == Finding::Kind::kNearKey;
    });
    if (!key) return;
    if (objects_.back().key.empty()) objects_.back().line = line;
    join(objects_.back().key, text);
  }

  void give(const Object& object) {
    const bool named = !object.key.empty();
    Entry entry;
    entry.line = object.line;
    entry.key = named ? object.key : object.vague_key;
    entry.id = !object.id.empty() || named ? object.id : object.vague_id;
    entry.host = host_for(object);
    entry.path = object.path;
    for (auto above = objects_.rbegin(); entry.path.empty() && above != objects_.rend(); ++above)
      entry.path = above->path;
    entry.date = object.date;
    for (auto above = objects_.rbegin(); entry.date.empty() && above != objects_.rend(); ++above)
      entry.date = above->date;
    if (!entry.key.empty()) return into_.add(entry);
    if (object.has_objects) return;
    if (!Guid::parse(object.id) && !Guid::parse(object.vague_id)) return;
    if (object.has_key_member) return into_.add(entry);  // null, or empty: words that
    if (without_key_++ == 0) first_without_key_ = object.line;
  }

  // Its own, or that of an object around it.
  std::string_view host_for(const Object& object) const {
    if (!object.host.empty()) return object.host;
    if (!object.vague_host.empty()) return object.vague_host;
    for (auto above = objects_.rbegin(); above != objects_.rend(); ++above) {
      if (!above->host.empty()) return above->host;
      if (!above->vague_host.empty()) return above->vague_host;
    }
    return {};
  }

  Collector& into_;
  std::vector<Object> objects_;
  std::vector<Level> levels_;
  size_t without_key_ = 0;
  size_t first_without_key_ = 0;
};

}  // namespace

bool looks_like_json(std::string_view text) {
  text = trim_ascii(text);
  if (text.empty() || (text[0] != '{' && text[0] != '[')) return false;
  const std::string_view rest = trim_ascii(text.substr(1));
  if (rest.empty()) return false;
  return text[0] == '{' ? rest[0] == '"' || rest[0] == '}'
                        : std::string_view("{[\"]").find(rest[0]) != std::string_view::npos;
}

void read_json(std::string_view text, const Entry& context, Collector& into) {
  KeyHandler handler(context, into);
  JsonReader reader(text, context.line, kMaximumJsonDepth, handler);
  const bool good = reader.read_all();
  handler.finish();
  if (!good) into.problem(reader.line(), std::string("malformed JSON: ") + reader.error(), reader.column());
}

}  // namespace mend::keys
