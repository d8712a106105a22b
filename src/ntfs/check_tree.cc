// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/check_tree.h"

#include <unordered_map>
#include <vector>

#include "ntfs/record.h"

namespace mend::ntfs {

void IndexTree::put(const Item& item) {
  const size_t at = kept_.size();
  kept_.resize(at + 1 + (item.has_child ? 8U : 0U) + 2 + item.key.size());
  size_t to = at + 1;
  kept_[at] = item.has_child ? 1 : 0;
  if (item.has_child) {
    write_le<uint64_t>(kept_, to, item.child_vcn);
    to += 8;
  }
  write_le<uint16_t>(kept_, to, static_cast<uint16_t>(item.key.size()));
  std::copy(item.key.begin(), item.key.end(), kept_.begin() + static_cast<ptrdiff_t>(to + 2));
}

IndexTree::Item IndexTree::take(Bytes items, size_t& at) {
  Item item;
  item.has_child = items[at++] != 0;
  if (item.has_child) {
    item.child_vcn = read_le<uint64_t>(items, at);
    at += 8;
  }
  const size_t length = read_le<uint16_t>(items, at);
  item.key = items.subspan(at + 2, length);
  at += 2 + length;
  return item;
}

void IndexTree::add(uint64_t vcn, Bytes node, bool directory) {
  const size_t start = kept_.size();
  kept_.resize(start + kNodeHeaderBytes);
  write_le<uint64_t>(kept_, start, vcn);
  Item last;
  bool any = false, kept_last = true;
  NodeView view(node, !directory);
  for (IndexEntry entry; view.next(entry);) {
    Item item{entry.has_child(), entry.child_vcn, entry.key};
    if (directory && !entry.is_last()) item.key = FileNameView::parse(entry.key).name_le();
    if (item.has_child || (!any && !entry.is_last())) {
      put(item);
      kept_last = true;
    } else if (!entry.is_last()) {
      last = item;
      kept_last = false;
    }
    any = true;
  }
  if (!kept_last) put(last);
  write_le<uint32_t>(kept_, start + 8, static_cast<uint32_t>(kept_.size() - start - kNodeHeaderBytes));
}

void IndexTree::check_order(const Compare& compare,
                            const std::function<void(Bytes previous, Bytes key)>& use) const {
  std::unordered_map<uint64_t, Bytes> nodes;
  for (size_t at = 0; at < kept_.size();) {
    const size_t length = read_le<uint32_t>(kept_, at + 8);
    nodes.emplace(read_le<uint64_t>(kept_, at), slice(Bytes(kept_), at + kNodeHeaderBytes, length));
    at += kNodeHeaderBytes + length;
  }
  struct Frame {
    Bytes items;
    size_t at = 0;
    bool child_done = false;
  };
  std::vector<Frame> stack;
  const auto enter = [&](uint64_t vcn) {
    const auto found = nodes.find(vcn);
    if (found == nodes.end() || stack.size() > Index::kMaximumDepth) return;
    stack.push_back({found->second});
    nodes.erase(found);
  };
  enter(kRoot);
  Bytes previous;
  while (!stack.empty()) {
    Frame& top = stack.back();
    if (top.at >= top.items.size()) {
      stack.pop_back();
      continue;
    }
    size_t next = top.at;
    const Item item = take(top.items, next);
    if (item.has_child && !top.child_done) {
      top.child_done = true;
      enter(item.child_vcn);
      continue;
    }
    top.child_done = false;
    top.at = next;
    if (item.key.empty()) continue;  // the end of a node
    if (!previous.empty()) {
      const int order = compare(previous, item.key);
      if (order > 0 || (order == 0 && equal(previous, item.key))) use(previous, item.key);
    }
    previous = item.key;
  }
}

}  // namespace mend::ntfs
