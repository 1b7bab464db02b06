#include "bridge/windows/panes.h"

#include <iterator>

namespace millrace::windows {

bool Panes::add(EventTime end, std::span<const Seen> values, EventTime at, Place place) {
    bool fresh = false;
    if (recent_ == rows_.end() || recent_->first != end) {
        const auto next = rows_.lower_bound(end);
        fresh = next == rows_.end() || next->first != end;
        recent_ = fresh ? rows_.emplace_hint(next, end, Pane{end, Tally(*shape_)}) : next;
        if (fresh) held_ += kRowBytes + recent_->second.tally.held();
    }
    Tally& tally = recent_->second.tally;
    held_ -= tally.held();
    tally.add(values, at, place);
    held_ += tally.held();
    return fresh;
}

void Panes::append(EventTime end, Pane pane) {
    held_ += kRowBytes + pane.tally.held();
    rows_.emplace_hint(rows_.end(), end, std::move(pane));
}

void Panes::drop_through(EventTime end) {
    auto row = rows_.begin();
    if (row == rows_.end() || row->first > end) return;
    for (; row != rows_.end() && row->first <= end; row = rows_.erase(row)) {
        held_ -= kRowBytes + row->second.tally.held();
        if (row == recent_) recent_ = rows_.end();
    }
    if (!ahead_) return;
    auto& made = ahead_->until_turn;
    while (!made.empty() && made.back().first <= end) {
        held_ -= made.back().second.held();
        made.pop_back();
    }
    // The merge since the turn may have panes in it that are gone.
    if (made.empty()) turn();
}

void Panes::join_through(EventTime end) {
    auto first = rows_.begin();
    const auto behind = rows_.upper_bound(end);
    if (std::next(first) == behind) return;
    const EventTime last = std::prev(behind)->first;
    Pane joined = std::move(first->second);
    held_ -= kRowBytes + joined.tally.held();
    for (auto row = std::next(first); row != behind; ++row) {
        held_ -= kRowBytes + row->second.tally.held();
        joined.tally.merge(row->second.tally);
    }
    rows_.erase(first, behind);
    recent_ = rows_.end();
    held_ += kRowBytes + joined.tally.held();
    rows_.emplace_hint(behind, last, std::move(joined));
}

const Tally* Panes::merged_through(EventTime end, bool again, std::optional<Tally>& scratch) {
    auto row = rows_.begin();
    if (row == rows_.end() || row->first > end) return nullptr;
    const auto second = std::next(row);
    if (second == rows_.end() || second->first > end) return &row->second.tally;
    if (again && !shape_->grows() && rows_.size() > kFew) return merged_ahead(end, scratch);
    scratch = row->second.tally.copy();
    for (++row; row != rows_.end() && row->first <= end; ++row) scratch->merge(row->second.tally);
    return &*scratch;
}

const Tally* Panes::merged_ahead(EventTime end, std::optional<Tally>& scratch) {
    if (!ahead_) ahead_ = std::make_unique<Ahead>();
    for (auto row = rows_.upper_bound(ahead_->reached); row != rows_.end() && row->first <= end; ++row) {
        if (!ahead_->since_turn) ahead_->since_turn.emplace(*shape_);
        ahead_->since_turn->merge(row->second.tally);
        ahead_->reached = row->first;
    }
    if (ahead_->until_turn.empty()) return &*ahead_->since_turn;
    if (!ahead_->since_turn) return &ahead_->until_turn.back().second;
    scratch = ahead_->until_turn.back().second.copy();
    scratch->merge(*ahead_->since_turn);
    return &*scratch;
}

void Panes::turn() {
    ahead_->since_turn.reset();
    const auto behind = rows_.upper_bound(ahead_->reached);
    for (auto row = std::make_reverse_iterator(behind); row != rows_.rend(); ++row) {
        Tally made = row->second.tally.copy();
        if (!ahead_->until_turn.empty()) made.merge(ahead_->until_turn.back().second);
        held_ += made.held();
        ahead_->until_turn.emplace_back(row->first, std::move(made));
    }
}

}  // namespace millrace::windows
