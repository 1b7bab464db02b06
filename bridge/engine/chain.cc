#include "bridge/engine/chain.h"

#include <utility>

namespace millrace::engine {

namespace {

std::unexpected<Error> broken(std::string text) {
    return fail(ErrorCode::invalid, text + " (restore the state stream, or start a new generation)");
}

std::string at(std::uint64_t sequence) { return "sequence " + std::to_string(sequence) + " of the state stream"; }

}  // namespace

void Chain::begin(state::Head last, std::uint64_t sequence, Reading& reading) {
    *this = Chain(subject_);
    const std::uint64_t base = last.base == 0 ? sequence : last.base;
    last_ = std::move(last);
    last_sequence_ = sequence;
    reading.ask({.from = Read::From::state, .which = Read::Which::at, .sequence = base});
}

void Chain::begin_outbox(state::Head last, std::uint64_t sequence, Reading& reading) {
    last.base = 0;
    begin(std::move(last), sequence, reading);
    outbox_only_ = true;
}

Result<void> Chain::got(const GotMessage& got, Applier& applier, Reading& reading) {
    if (!got.message) return broken("a message of the chain of heads is missing from the state stream");
    if (in_parts_) {
        content_ += got.message->payload;
        ++part_;
        return part_ < current_.parts ? (ask_part(reading), Result<void>{}) : whole(applier, reading);
    }
    auto head = state::read_head(got.message->payload);
    if (!head) return broken("at " + at(got.message->sequence) + ": " + head.error().text);
    return head_is(std::move(*head), got.message->sequence, applier, reading);
}

Result<void> Chain::head_is(state::Head head, std::uint64_t sequence, Applier& applier, Reading& reading) {
    if (!base_seen_ && head.base != 0 && !outbox_only_)
        return broken("the head at " + at(sequence) + " should be a base, and is none");
    if (base_seen_ && head.previous != current_sequence_) {
        return broken("the head at " + at(sequence) + " follows " + std::to_string(head.previous) + ", and not " +
                      std::to_string(current_sequence_));
    }
    if (sequence > last_sequence_) return broken("the last head at " + at(last_sequence_) + " is gone");
    base_seen_ = true;
    current_ = std::move(head);
    current_sequence_ = sequence;
    content_ = std::move(current_.content);
    in_parts_ = current_.parts > 0;
    part_ = 0;
    if (!in_parts_) return whole(applier, reading);
    ask_part(reading);
    return {};
}

void Chain::ask_part(Reading& reading) const {
    reading.ask({.from = Read::From::state,
                 .which = Read::Which::last,
                 .subject = state::part_subject(subject_, current_, part_)});
}

// The content of the current head is whole.
Result<void> Chain::whole(Applier& applier, Reading& reading) {
    in_parts_ = false;
    if (content_.size() != current_.content_size || digest(content_) != current_.content_digest)
        return broken("the content of the head at " + at(current_sequence_) + " is not the one it was stored with");
    auto content = state::read_content(content_);
    if (!content) return broken("at " + at(current_sequence_) + ": " + content.error().text);
    if (!outbox_only_) {
        if (auto read = applier.read(*content); !read)
            return broken("at " + at(current_sequence_) + ": " + read.error().text);
    }
    if (current_.base == 0) {
        base_bytes_ = content_.size();
    } else {
        delta_bytes_ += content_.size();
        ++deltas_;
    }
    outbox_ = std::move(content->outbox);
    content_.clear();
    complete_ = current_sequence_ == last_sequence_;
    if (!complete_) {
        reading.ask({.from = Read::From::state, .which = Read::Which::next, .sequence = current_sequence_ + 1});
    }
    return {};
}

}  // namespace millrace::engine
