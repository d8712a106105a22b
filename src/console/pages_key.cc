// SPDX-License-Identifier: GPL-3.0-or-later
// The page on which a key is typed.
#include <fmt/format.h>

#include <algorithm>

#include "console/big_letters.h"
#include "console/layouts.h"
#include "console/page_parts.h"
#include "console/show.h"
#include "console/texts.h"

namespace mend::console {
namespace {

using bitlocker::ProtectorType;
using screen::Look;

constexpr size_t kIdStart = 8;  // digits that Windows's own screen makes people compare

std::vector<std::string> foot_of(const KeyEntry& entry) {
  const bool digits = entry.field.form() == KeyField::Form::kDigits;
  std::vector<std::string> foot = {entry.visible ? texts::kFootHide : texts::kFootShow};
  if (entry.question.kind == repair::KeyQuestion::Kind::kVolume) {
    foot.emplace_back(digits ? texts::kFootPassword : texts::kFootDigits);
    foot.emplace_back(texts::kFootFile);
    foot.emplace_back(texts::kFootAgain);
  }
  foot.emplace_back(texts::kFootSkip);
  if (!digits) foot.emplace_back(texts::kFootKeyboard);
  foot.emplace_back(texts::kFootNoFunction);
  return foot;
}

// The ID of the key wanted: its start large, the rest below, others that fit too in a line each.
int put_ids(Canvas& canvas, int row, const KeyEntry& entry) {
  bool first = true;
  for (const bitlocker::ProtectorInfo& protector : entry.question.protectors) {
    if (protector.type != ProtectorType::kRecoveryPassword || row >= canvas.bottom - 8) continue;
    const std::string id = upper(protector.id.to_string());
    if (first) {
      canvas.grid.put(row++, kLeft, texts::kKeyId);
      put_big(canvas.grid, row, kLeft, id.substr(0, kIdStart), Look::kStrong);
      row += kBigRows;
      canvas.grid.put(row++, kLeft, id.substr(0, kIdStart) + id.substr(kIdStart), Look::kStrong);
    } else {
      canvas.grid.put(row++, kLeft, id, Look::kStrong);
    }
    first = false;
  }
  if (first) row = canvas.grid.put_wrapped(row, kLeft, canvas.width(), 2, texts::kNoRecoveryKey);
  return row + 1;
}

const char* mark_of(const KeyField& field, int group) {
  switch (field.group(group)) {
    case KeyField::Group::kRight:
      return texts::kGroupRight;
    case KeyField::Group::kWrong:
      return texts::kGroupWrong;
    case KeyField::Group::kPartial:
      return group == field.current() ? "" : texts::kGroupShort;
    case KeyField::Group::kEmpty:
      break;
  }
  return "";
}

int put_field(Canvas& canvas, int row, const KeyEntry& entry) {
  const KeyField& field = entry.field;
  if (field.form() == KeyField::Form::kPassword) {
    const int width = canvas.width();
    canvas.grid.fill(row, kLeft, width, U' ', Look::kSelected);
    std::string text = field.shown_password(entry.visible);
    const int over = screen::columns_of(text) - width + 2;
    if (over > 0 && static_cast<size_t>(over) < text.size()) text.erase(0, static_cast<size_t>(over));
    const int end = canvas.grid.put(row, kLeft, text, Look::kSelected);
    canvas.grid.put(row, end, U'_', Look::kSelected);
    return row + 1;
  }
  int column = kLeft;
  for (int i = 0; i < field.shape().groups; ++i) {
    const bool wrong = field.group(i) == KeyField::Group::kWrong;
    const Look look = i == field.current() ? Look::kSelected : wrong ? Look::kBad : Look::kStrong;
    canvas.grid.put(row, column, field.shown(i, entry.visible), look);
    canvas.grid.put(row + 1, column, mark_of(field, i), wrong ? Look::kBad : Look::kPlain);
    if (i + 1 < field.shape().groups) canvas.grid.put(row, column + field.shape().digits + 1, "-");
    column += field.shape().digits + 3;
  }
  return row + 2;
}

}  // namespace

void draw_key(Canvas& canvas, const Model& model) {
  const KeyEntry& entry = *model.key;
  const bool keyring = entry.question.kind == repair::KeyQuestion::Kind::kKeyring;
  put_foot(canvas, foot_of(entry));
  put_news(canvas, model);
  screen::Grid& grid = canvas.grid;
  int row = canvas.top;
  if (keyring) {
    row = grid.put_wrapped(row, kLeft, canvas.width(), 2, texts::kKeyringTitle, Look::kStrong);
    row = grid.put_wrapped(row, kLeft, canvas.width(), 2, entry.question.description) + 1;
  } else {
    const std::string name = fmt::format("{}, {}", entry.question.name, in_units(entry.question.size_bytes));
    row = grid.put_wrapped(row, kLeft, canvas.width(), 2, fmt::format(texts::kLockedTitle, name),
                           Look::kStrong);
    if (!entry.question.description.empty())
      row = grid.put_wrapped(row, kLeft, canvas.width(), 2,
                             fmt::format(texts::kCallsItself, entry.question.description));
    row = put_ids(canvas, row + 1, entry);
  }
  const bool digits = entry.field.form() == KeyField::Form::kDigits;
  const char* prompt = keyring ? texts::kTypePassphrase : digits ? texts::kTypeKey : texts::kTypePassword;
  row = grid.put_wrapped(row, kLeft, canvas.width(), 2, prompt);
  row = put_field(canvas, row, entry);
  if (!entry.message.text.empty())
    row = grid.put_wrapped(row, kLeft, canvas.width(), 3, entry.message.text, look_of(entry.message.style));
  if (!digits) grid.put(row, kLeft, fmt::format(texts::kKeyboard, layout_name(entry.layout)));
}

}  // namespace mend::console
