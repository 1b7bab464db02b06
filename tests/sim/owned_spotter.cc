#include "tests/sim/owned_spotter.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "bridge/settings/outputs.h"
#include "subjects/ack_subject.h"
#include "subjects/identity.h"
#include "tests/sim/sim_stream.h"

namespace millrace::sim {

// ---- commits ----

void OwnedSpotter::publishing(const ports::Publication& publication) {
    if (publication.output == Output::state) return committing(publication);
    const auto id = std::string(header_value(publication.headers, "Nats-Msg-Id").value_or(""));
    marks_.hit_if(inherited_.erase(id) > 0, Mark::inherited_published);
}

void OwnedSpotter::committing(const ports::Publication& publication) {
    if (!publication.expected_last_subject_sequence) return;  // a part
    const auto head = state::read_head(publication.payload);
    if (!head) return;
    Commit commit{.writer = head->writer, .number = head->commit};
    while (settings::state_subject(pipeline_, commit.partition) != publication.subject) ++commit.partition;
    auto& last = last_[commit.partition];
    const bool again = commit.writer == last.writer && commit.number == last.number;
    commit.claims = again ? last.claims : commit.writer != last.writer;
    marks_.hit_if(again, Mark::head_repeated);
    if (const auto content = state::read_content(head->content); content && commit.claims) {
        for (const auto& entry : content->outbox) inherited_.insert(subjects::to_hex(entry.id));
    }
    last = sent_[publication.id] = commit;
}

void OwnedSpotter::publishing_together(const std::vector<ports::Publication>& publications) {
    committing(publications.back());
    sent_[publications.back().id].together = true;
}

void OwnedSpotter::told(const Stored& stored) {
    const auto sent = sent_.find(stored.id);
    marks_.hit_if(
        sent != sent_.end() && sent->second.together && stored.error && stored.error->code != ErrorCode::conflict,
        Mark::together_refused);
    if (sent == sent_.end() || !stored.error || stored.error->code != ErrorCode::conflict) return;
    doubted_[sent->second.partition] = sent->second;
}

void OwnedSpotter::reading(const Read& read) {
    if (read.from == Read::From::state && read.which == Read::Which::last && read.subject.empty())
        asked_[read.number] = read.partition;
}

// Whose the last head is, after a commit was refused.
void OwnedSpotter::told(const GotMessage& got) {
    const auto asked = asked_.extract(got.number);
    if (asked.empty() || got.error || !got.message) return;
    const auto doubted = doubted_.extract(asked.mapped());
    if (doubted.empty()) return;
    const auto head = state::read_head(got.message->payload);
    const auto& commit = doubted.mapped();
    if (!head) return;
    const bool ours = head->writer == commit.writer && head->commit == commit.number;
    marks_.hit_if(ours && head->together > 0, Mark::together_found_stored);
    marks_.hit(ours ? Mark::head_found_stored : commit.claims ? Mark::claim_lost : Mark::commit_lost);
}

void OwnedSpotter::told(const Found& found) {
    for (const auto& id : found.identities)
        marks_.hit_if(inherited_.erase(subjects::to_hex(id)) > 0, Mark::inherited_found);
}

// ---- the input ----

void OwnedSpotter::told(const ports::Message& message) {
    const auto ack = subjects::parse_ack_subject(message.reply);
    if (!ack) return;
    auto& delivered = delivered_[std::string(ack->consumer)];
    if (ack->consumer_sequence > delivered + 1) gaps_.insert(message.partition);
    delivered = std::max(delivered, ack->consumer_sequence);
}

void OwnedSpotter::positioning(const Position& position) {
    marks_.hit_if(gaps_.erase(position.partition) > 0, Mark::gap_repositioned);
}

// ---- what it says ----

void OwnedSpotter::told(const ports::JetStreamArrival& arrival) {
    std::visit([this](const auto& what) { told(what); }, arrival);
}

void OwnedSpotter::noted(const Note& note) {
    if (note.event != "lost") return;
    marks_.hit_if(note.text.find("no head was stored") != std::string::npos, Mark::lease_ran_out);
    marks_.hit_if(std::exchange(paused_, false), Mark::paused_owner_lost);
}

void OwnedSpotter::halted(const std::string& name) {
    static constexpr std::pair<std::string_view, Mark> kHalts[] = {
        {"input_trimmed", Mark::halted_input_trimmed},
        {"input_regressed", Mark::halted_input_regressed},
        {"state_regressed", Mark::halted_state_regressed},
        {"state_unreadable", Mark::halted_state_unreadable},
        {"fingerprint_mismatch", Mark::halted_fingerprint_mismatch},
    };
    if (name.empty() || std::exchange(halted_, true)) return;
    const auto* known = std::ranges::find(kHalts, name, &std::pair<std::string_view, Mark>::first);
    if (known != std::end(kHalts)) marks_.hit(known->second);
}

}  // namespace millrace::sim
