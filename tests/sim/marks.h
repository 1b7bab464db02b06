// Marks: what must have happened somewhere in many runs, by name. A simulator that never comes to a corner of the
// program tests nothing there, however many seeds are green: `sim --marks` fails when one of these was never hit.
//
// They are seen from outside, in calls, arrivals, notes and what is stored (the spotters): the product has no hooks for
// them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace millrace::sim {

enum class Mark {
    // requests
    batch_full,
    batch_of_several_messages,
    batch_split_to_one,
    requests_in_parallel,
    timeout_halved_a_batch,
    waited_when_throttled,
    key_refused_and_mended,
    held_and_resumed,
    probed_on_hold,
    // verdicts
    witness_asked,
    control_row_asked,
    convicted,
    convicted_by_timeouts,
    convicted_by_crashes,
    convicted_as_raising,
    convicted_for_its_answers,
    bad_element_set_aside,
    unroutable_set_aside,
    event_too_large,
    result_too_large,
    // events that are not selected
    event_bypassed,
    filtered_message_acked,
    // publications
    publication_repeated,
    publication_refused,
    outputs_held_and_resumed,
    duplicate_puback,
    late_puback_counted,
    late_error_ignored,
    own_publication_searched,
    publication_found_by_search,
    stored_again,
    // deliveries
    redelivery_taken,
    redelivery_acked_from_memory,
    delivered_twice,
    stale_delivery_dropped,
    in_progress_sent,
    message_of_several_acked,
    empty_message_acked,
    recovery_search,
    recovered_without_asking,
    search_failed,
    // a process and its server
    crashed_with_calls_unsent,
    drained_clean,
    drained_with_naks,
    input_made_anew,
    leader_change_seen,
    consumer_deletion_seen,
    request_cut_by_bytes,
    bind_refused,
    // owned partitions, from here on: their owners
    taken_over,
    handed_over,
    claim_lost,
    commit_lost,
    lease_ran_out,
    paused_owner_lost,
    head_repeated,
    head_found_stored,
    stored_together,
    together_found_stored,
    together_refused,
    // outboxes
    outbox_full,
    closing_resumed,
    closing_inherited,
    outbox_carried,
    outbox_inherited,
    inherited_found,
    inherited_published,
    // state
    base_written,
    long_chain,
    long_chain_read,
    state_in_parts,
    generation_raised,
    // the input
    gap_repositioned,
    closed_by_proof,
    trimmed_below_floors,
    begun_at_a_time,
    // halts
    halted_input_trimmed,
    halted_input_regressed,
    halted_state_regressed,
    halted_state_unreadable,
    halted_fingerprint_mismatch,
};

inline constexpr std::string_view kMarkNames[] = {"batch_full",
                                                  "batch_of_several_messages",
                                                  "batch_split_to_one",
                                                  "requests_in_parallel",
                                                  "timeout_halved_a_batch",
                                                  "waited_when_throttled",
                                                  "key_refused_and_mended",
                                                  "held_and_resumed",
                                                  "probed_on_hold",
                                                  "witness_asked",
                                                  "control_row_asked",
                                                  "convicted",
                                                  "convicted_by_timeouts",
                                                  "convicted_by_crashes",
                                                  "convicted_as_raising",
                                                  "convicted_for_its_answers",
                                                  "bad_element_set_aside",
                                                  "unroutable_set_aside",
                                                  "event_too_large",
                                                  "result_too_large",
                                                  "event_bypassed",
                                                  "filtered_message_acked",
                                                  "publication_repeated",
                                                  "publication_refused",
                                                  "outputs_held_and_resumed",
                                                  "duplicate_puback",
                                                  "late_puback_counted",
                                                  "late_error_ignored",
                                                  "own_publication_searched",
                                                  "publication_found_by_search",
                                                  "stored_again",
                                                  "redelivery_taken",
                                                  "redelivery_acked_from_memory",
                                                  "delivered_twice",
                                                  "stale_delivery_dropped",
                                                  "in_progress_sent",
                                                  "message_of_several_acked",
                                                  "empty_message_acked",
                                                  "recovery_search",
                                                  "recovered_without_asking",
                                                  "search_failed",
                                                  "crashed_with_calls_unsent",
                                                  "drained_clean",
                                                  "drained_with_naks",
                                                  "input_made_anew",
                                                  "leader_change_seen",
                                                  "consumer_deletion_seen",
                                                  "request_cut_by_bytes",
                                                  "bind_refused",
                                                  "taken_over",
                                                  "handed_over",
                                                  "claim_lost",
                                                  "commit_lost",
                                                  "lease_ran_out",
                                                  "paused_owner_lost",
                                                  "head_repeated",
                                                  "head_found_stored",
                                                  "stored_together",
                                                  "together_found_stored",
                                                  "together_refused",
                                                  "outbox_full",
                                                  "closing_resumed",
                                                  "closing_inherited",
                                                  "outbox_carried",
                                                  "outbox_inherited",
                                                  "inherited_found",
                                                  "inherited_published",
                                                  "base_written",
                                                  "long_chain",
                                                  "long_chain_read",
                                                  "state_in_parts",
                                                  "generation_raised",
                                                  "gap_repositioned",
                                                  "closed_by_proof",
                                                  "trimmed_below_floors",
                                                  "begun_at_a_time",
                                                  "halted_input_trimmed",
                                                  "halted_input_regressed",
                                                  "halted_state_regressed",
                                                  "halted_state_unreadable",
                                                  "halted_fingerprint_mismatch"};
inline constexpr std::size_t kMarks = std::size(kMarkNames);
static_assert(kMarks == static_cast<std::size_t>(Mark::halted_fingerprint_mismatch) + 1);
inline constexpr auto kFirstOwned = static_cast<std::size_t>(Mark::taken_over);

class Marks {
  public:
    void hit(Mark mark) { ++hits_[static_cast<std::size_t>(mark)]; }
    void hit_if(bool seen, Mark mark) {
        if (seen) hit(mark);
    }
    [[nodiscard]] std::uint64_t hits(Mark mark) const { return hits_[static_cast<std::size_t>(mark)]; }
    void add(const Marks& others) {
        for (std::size_t n = 0; n < kMarks; ++n) hits_[n] += others.hits_[n];
    }
    // How often which was seen, of those a world of owned or shared partitions can come to.
    [[nodiscard]] std::map<std::string, std::uint64_t> of(bool owned) const {
        std::map<std::string, std::uint64_t> seen;
        for (std::size_t n = owned ? kFirstOwned : 0; n < (owned ? kMarks : kFirstOwned); ++n)
            seen.emplace(kMarkNames[n], hits_[n]);
        return seen;
    }

  private:
    std::array<std::uint64_t, kMarks> hits_{};
};

}  // namespace millrace::sim
