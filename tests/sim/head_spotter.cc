#include "tests/sim/head_spotter.h"

#include "bridge/engine/applier.h"

namespace millrace::sim {
namespace {

constexpr std::uint64_t kLongChain = 32;

bool takes_no_more(const std::vector<state::OutboxEntry>& outbox) {
    std::size_t bytes = 0;
    for (const auto& entry : outbox) {
        bytes += entry.payload.size() + entry.subject.size();
        for (const auto& [name, value] : entry.headers) bytes += name.size() + value.size();
    }
    return outbox.size() >= engine::Applier::kMostEntries || bytes >= engine::Applier::kMostBytes;
}

}  // namespace

void HeadSpotter::stored(Partition partition, const state::Head& head, const std::vector<state::OutboxEntry>& outbox) {
    const auto [known, first] = last_.try_emplace(partition);
    auto& last = known->second;
    bool news = false;
    for (const auto& entry : outbox) news = committed_.insert(entry.id).second || news;
    if (!first && head.writer != last.writer) {
        taken(last, head, !outbox.empty());
    } else if (!first) {
        marks_.hit_if(head.base == 0, Mark::base_written);
        marks_.hit_if(!outbox.empty() && !news, Mark::outbox_carried);
        marks_.hit_if(news && last.full, Mark::closing_resumed);
        marks_.hit_if(news && !last.full && head.floor == last.floor, Mark::closed_by_proof);
    }
    const auto deltas = head.base == 0 ? 0 : last.deltas + 1;
    last = {head.writer, head.generation, head.released, head.floor, deltas, takes_no_more(outbox)};
    marks_.hit_if(head.parts > 0, Mark::state_in_parts);
    marks_.hit_if(head.together > 0, Mark::stored_together);
    marks_.hit_if(last.deltas == kLongChain, Mark::long_chain);
    marks_.hit_if(last.full, Mark::outbox_full);
}

// By another owner than the one before.
void HeadSpotter::taken(const Last& before, const state::Head& head, bool has_outbox) {
    marks_.hit(before.released ? Mark::handed_over : Mark::taken_over);
    marks_.hit_if(has_outbox, Mark::outbox_inherited);
    marks_.hit_if(before.full, Mark::closing_inherited);
    marks_.hit_if(before.deltas >= kLongChain, Mark::long_chain_read);
    marks_.hit_if(head.generation > before.generation, Mark::generation_raised);
}

}  // namespace millrace::sim
