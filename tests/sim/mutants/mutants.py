"""Mutants: the product with one promise broken on purpose. The simulator must notice each of them.

    mutants.py list                    one line per mutant: name;promise,promise;file,file
    mutants.py make NAME FILE OUT      writes FILE of the tree, mutated, to OUT

The promise is the one that a seed must break; "stories" where the scenarios written by hand must fail, because what is
lost is not a promise for ever (a result stored again beyond the window is legal, and rare).

An edit names a file of the tree, a text that stands there exactly once, and what replaces it. A text that is not found
any more is an error: the mutant has to follow the code.
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]

MUTANTS = {
    "acks_before_the_store": (["acked_after_stored"], [
        ("bridge/shard/shard.cc",
         "{ publish(e.id, renderer.render(*e.delivery, *e.event, max_payload)); }",
         "{\n        parts.jetstream.ack(e.delivery->ack_subject);\n"
         "        publish(e.id, renderer.render(*e.delivery, *e.event, max_payload));\n    }"),
    ]),
    "acks_when_one_element_is_settled": (["acked_after_stored"], [
        ("bridge/engine/commit.cc",
         ")) out.emplace_back(Ack{delivery});",
         ") || true) out.emplace_back(Ack{delivery});"),
    ]),
    "stores_before_the_trail": (["traced"], [
        ("bridge/engine/engine.cc", "    if (trail_ && was_asked) return trail_->add(ref);\n", "    (void)was_asked;\n"),
    ]),
    "names_another_audit_message": (["traced"], [
        ("bridge/engine/trail.cc", "settlement.audited = stored.sequence;", "settlement.audited = stored.sequence + 1;"),
    ]),
    "takes_not_known_for_true": (["settled_once"], [
        ("bridge/codec/event_decoder.cc",
         "if (met.type == expression::Type::bit && met.truth) return true;",
         "if (met.type != expression::Type::bit || met.truth) return true;"),
    ]),
    "acks_a_bypassed_event_before_its_copy": (["acked_after_stored"], [
        ("bridge/engine/engine.cc",
         "    if (event.selection == Selection::bypassed) return commit_.store(ref);",
         "    if (event.selection == Selection::bypassed) return commit_.nothing_to_store(ref, out);"),
    ]),
    "skips_the_count_check": (["batch_integrity", "conviction"], [
        ("bridge/protocols/answer_text.cc", "            if (column.count == rows_) continue;", "            continue;"),
        ("bridge/protocols/answer_text.cc", "                append(out[i], column.slices[i]);",
         "                column.slices.empty() ? void(out[i] += '0')\n"
         "                                      : append(out[i], column.slices[std::min(i, column.slices.size() - 1)]);"),
    ]),
    "gives_scores_to_the_wrong_rows": (["batch_integrity"], [
        ("bridge/engine/answers.cc", "std::move(answer.scores[i])", "std::move(answer.scores[rows - 1 - i])"),
    ]),
    "mixes_tenants": (["one_tenant"], [
        ("bridge/engine/engine.cc", "    return pipeline_.endpoint.mix_tenants && route_of(delivery) == 0 ? mixed : delivery.tenant;",
         "    (void)delivery;\n    return mixed;"),
    ]),
    "publishes_a_stale_delivery": (["fresh"], [
        ("bridge/engine/engine.cc", "    if (!is_owned()) expire(now, out);\n", ""),
        ("bridge/engine/ledger.cc", "    return row != rows_.end() && now - row->second.touched < ack_wait;",
         "    return row != rows_.end();"),
    ]),
    "retries_under_a_new_identity": (["settled_once"], [
        ("bridge/shard/shard.cc",
         "        parts.jetstream.publish({id, rendered->output,",
         "        for (auto& [name, value] : rendered->headers) {\n"
         "            if (name == \"Nats-Msg-Id\") value += \"-\" + std::to_string(static_cast<std::uint64_t>(id));\n"
         "        }\n"
         "        parts.jetstream.publish({id, rendered->output,"),
    ]),
    "sets_events_aside_on_404": (["conviction"], [
        ("bridge/engine/answers.cc",
         "    if (!flight.batch.events.empty()) dispatcher_.go_first(std::move(flight.batch));\n    if (!old_key",
         "    for (const EventRef ref : flight.batch.events) keeper_.bury(ref, Verdict{Reason::rejected, answer.reason, 404, {}}, out);\n"
         "    if (!old_key"),
    ]),
    "convicts_without_a_witness": (["conviction"], [
        ("bridge/engine/conviction.cc",
         "    cases_.insert_or_assign(event, std::move(accused));",
         "    accused.stage = Stage::witnessed;\n    accused.needed = 1;\n"
         "    cases_.insert_or_assign(event, std::move(accused));"),
    ]),
    "ignores_the_bound_on_requests": (["in_flight"], [
        ("bridge/engine/dispatcher.cc",
         "    return flying == flying_.end() || flying->second < parallel_;",
         "    return flying == flying_.end() || true;"),
        ("bridge/engine/dispatcher.cc", "[&](const Breaker& one) { return one.admits(now); }",
         "[&](const Breaker& one) { return one.is_up(now); }"),
        ("bridge/engine/dispatcher.cc", "    const auto free = [&](std::size_t i) { return breakers_[i].admits(now); };",
         "    const auto free = [&](std::size_t i) { return breakers_[i].is_up(now); };"),
        ("bridge/engine/dispatcher.cc",
         "    MILLRACE_CHECK(flying <= parallel_, \"never more requests in flight than parallel_requests_per_partition\");\n",
         "    (void)flying;\n"),
    ]),
    "takes_a_witness_of_another_address": (["conviction"], [
        ("bridge/engine/conviction.cc", "        if (flight.address != accused.address) continue;\n", ""),
        ("bridge/engine/conviction.cc", "    if (batch.answered_by != flight.address) batch.answers = 0;\n", ""),
    ]),
    "waits_for_the_first_address": (["recovers"], [
        ("bridge/engine/dispatcher.cc",
         "    const auto up = [&](std::size_t i) { return breakers_[i].is_up(now); };",
         "    const auto up = [&](std::size_t i) { return i == 0 || breakers_[i].is_up(now); };"),
    ]),
    "asks_everybody_at_the_same_place": (["one_tenant"], [
        ("bridge/engine/engine.cc", "    return found == route_of_tenant_.end() ? 0 : found->second;",
         "    (void)found;\n    return 0;"),
    ]),
    "loses_events_on_a_disconnect": (["recovers"], [
        ("bridge/engine/engine.cc", "    puller_.disconnected(now);", "    puller_.disconnected(now);\n    for (const auto& asker : askers_) asker->clear();"),
    ]),
    "drops_a_retry": (["recovers"], [
        ("bridge/engine/dispatcher.cc", "    retries_.push_back({std::move(batch), due});",
         "    if (batch.failures < 3) retries_.push_back({std::move(batch), due});"),
    ]),
    "never_resumes": (["recovers", "no_lying_health"], [
        ("bridge/engine/breaker.cc", "    hold_.clear();\n    return was;", "    return was;"),
    ]),
    "keeps_a_result_that_is_too_large": (["recovers"], [
        ("bridge/engine/commit.cc", "        too_large(*event);", "        sink_.failed(*stored.error, now);"),
    ]),
    "acks_on_a_publish_error": (["acked_after_stored"], [
        ("bridge/engine/commit.cc", "    if (!stored.error) {\n        sink_.took();", "    if (true) {\n        sink_.took();"),
    ]),
    "forgets_retry_after": (["patient"], [
        ("bridge/engine/breaker.cc", "        answer.retry_after ? *answer.retry_after :", "        false ? *answer.retry_after :"),
    ]),
    "ignores_max_batch_bytes": (["bounded"], [
        ("bridge/engine/batcher.cc", " || bytes + item.bytes > most_bytes)) break;", ")) break;"),
    ]),
    "sends_no_in_progress": (["recovers"], [
        ("bridge/engine/engine.cc", "    keep_in_progress(now, out);\n    if", "    if"),
    ]),
    "halving_loses_the_middle": (["recovers"], [
        ("bridge/engine/answers.cc", "    second.events.assign(middle, batch.events.end());",
         "    second.events.assign(middle + (batch.events.size() > 2 ? 1 : 0), batch.events.end());"),
    ]),
    "never_halves": (["recovers"], [
        ("bridge/engine/answers.cc", "        split(std::move(flight.batch));\n    } else {",
         "        dispatcher_.go_first(std::move(flight.batch));\n    } else {"),
    ]),
    "ignores_what_a_search_found": (["stories"], [
        ("bridge/engine/search.cc", "    known_[partition] = {found.by_identity(), found.runs};\n", ""),
    ]),
    "takes_a_witness_of_another_deployment": (["stories"], [
        ("bridge/engine/conviction.cc", "            !answer.deployment.empty() && !accused.deployment.empty() &&",
         "            false && !accused.deployment.empty() &&"),
    ]),
    "acks_at_a_stream_made_anew": (["stories"], [
        ("bridge/engine/engine.cc", "    is_owned() ? hand_over(out) : withhold_acks(now, out, before);\n",
         "    if (is_owned()) hand_over(out);\n"),
    ]),
    "holds_acks_for_a_shadow": (["stories"], [
        ("bridge/engine/engine.cc", "return ack != nullptr && (stopped ||",
         "return ack != nullptr && ((shadow_ && shadow_->in_flight() > 0) || stopped ||"),
    ]),
    "copies_without_a_bound": (["in_flight"], [
        ("bridge/engine/shadow.cc", "copies_.size() < shadow_.parallel_requests && ", ""),
    ]),
    "leaves_without_naks": (["stories"], [
        ("bridge/engine/engine.cc", "        if (!is_owned()) out.emplace_back(Nak{ledger_.find(id), kGiveBackAfter});\n", ""),
    ]),
    "turns_the_stale_check_round": (["recovers", "fresh"], [
        ("bridge/engine/ledger.cc", "now - row->second.touched < ack_wait;", "now - row->second.touched >= ack_wait;"),
    ]),
    "dead_letters_under_another_identity": (["settled_once"], [
        ("bridge/shard/shard.cc",
         "        parts.jetstream.publish({id, rendered->output,",
         "        for (auto& [name, value] : rendered->headers) {\n"
         "            if (name == \"Nats-Msg-Id\" && rendered->output != Output::result) value += \"-dead\";\n"
         "        }\n"
         "        parts.jetstream.publish({id, rendered->output,"),
    ]),
    "gives_up_on_an_outage": (["conviction"], [
        ("bridge/engine/answers.cc", "    ++batch.failures;\n",
         "    if (++batch.failures > 3) {\n"
         "        for (const EventRef ref : batch.events) keeper_.bury(ref, Verdict{Reason::timeout, answer.reason, 0, {}}, out);\n"
         "        return;\n"
         "    }\n"),
    ]),
    "takes_any_tenant": (["one_tenant", "settled_once", "recovers", "conviction", "bounded"], [
        ("subjects/tenant.cc", "    return !token.empty() && token.size() <= kLongest && std::ranges::all_of(token, is_of_tenant);",
         "    return !token.empty();"),
    ]),
    "counts_elements_from_one": (["settled_once", "batch_integrity", "fresh"], [
        ("bridge/codec/event_decoder.cc", "events[i].element = static_cast<std::uint32_t>(i);",
         "events[i].element = static_cast<std::uint32_t>(i + 1);"),
    ]),
    "skips_bad_elements": (["acked_after_stored", "settled_once", "batch_integrity"], [
        ("bridge/codec/event_decoder.cc",
         "    for (std::size_t i = 0; i < events.size(); ++i) events[i].element",
         "    std::erase_if(events, [](const Event& event) { return event.fault.has_value(); });\n"
         "    for (std::size_t i = 0; i < events.size(); ++i) events[i].element"),
    ]),
    "never_probes": (["recovers", "no_lying_health"], [
        ("bridge/engine/dispatcher.cc", "{ return one.probe_due(now); }", "{ return false && one.probe_due(now); }"),
    ]),
    "gives_the_first_score_to_all": (["batch_integrity"], [
        ("bridge/protocols/rows_protocol.cc",
         "            answer.scores = std::move(*found);",
         "            answer.scores = std::move(*found);\n"
         "            for (auto& score : answer.scores) score = answer.scores.front();"),
    ]),
    "reads_429_as_a_refusal": (["conviction", "patient"], [
        ("bridge/protocols/status.cc", "    Row{429, Outcome::throttled,", "    Row{429, Outcome::rejected,"),
    ]),
    "says_that_it_works_without_a_connection": (["no_lying_health"], [
        ("bridge/engine/engine.cc", "    s.connected = puller_.connected();", "    s.connected = true;"),
        ("bridge/engine/engine.cc", "    s.bound = puller_.bound_count();", "    s.bound = s.partitions;"),
    ]),
    "pulls_while_it_drains": (["recovers"], [
        ("bridge/engine/engine.cc", "    if (draining_ || !halt_.empty() ||", "    if (!halt_.empty() ||"),
        ("bridge/engine/engine.cc", "        let_go_of_all(out);\n    }\n", "    }\n"),
    ]),
}

# Of owned partitions.
OWNED = {
    "acks_before_the_outbox": (["acked_after_stored"], [
        ("bridge/engine/owner.cc", "        if (outbox_.confirmed()) ack(out);", "        ack(out);"),
    ]),
    "acks_what_is_not_committed": (["covers"], [
        ("bridge/engine/owner.cc", "AckUpTo{std::move(floor_ack_.subject)}", "AckUpTo{applied_ack_.subject}"),
    ]),
    "aggregates_what_it_scored_itself": (["aggregate_once"], [
        ("bridge/engine/commit.cc", "    if (recall_ == nullptr) return settle(event, stored_since, true, out);",
         "    return settle(event, stored_since, true, out);"),
    ]),
    "scores_again_what_is_stored": (["settled_once", "aggregate_once"], [
        ("bridge/engine/owner.cc", "    if (recovery_ != Recovery::wanted) return std::nullopt;",
         "    if (recovery_ != Recovery::wanted) return std::nullopt;\n    recovery_ = Recovery::done;\n    return std::nullopt;"),
    ]),
    "forgets_where_results_began": (["settled_once", "aggregate_once"], [
        ("bridge/engine/owner.cc", "    if (!waiting_.empty()) return waiting_.front().result_base;\n", ""),
    ]),
    "publishes_a_verdict_itself": (["fenced", "settled_once"], [
        ("bridge/engine/engine.cc", "    is_owned() && !is_scored ? commit_.left_to_others(ref, out) : commit_.store(ref);",
         "    commit_.store(ref);"),
    ]),
    "counts_what_is_not_selected": (["aggregate_once", "settled_once"], [
        ("bridge/engine/applier.cc", "        } else if (event.selection != Selection::selected) {", "        } else if (false) {"),
        ("bridge/codec/event_decoder.cc", "        event.selection = passed_over;\n",
         "        event.selection = passed_over;\n        windows.add_values(event);\n"),
    ]),
    "keeps_the_clock_from_what_is_not_selected": (["acked_after_stored", "recovers", "aggregate_once", "late_once"], [
        ("bridge/engine/applier.cc", "    move_clock(delivery, event);\n    if (event.selection ==", "    if (event.selection =="),
    ]),
    "publishes_before_the_head": (["fenced"], [
        ("bridge/engine/owner.cc", "    entries_ = std::move(content.outbox);\n    verdicts_frozen_",
         "    entries_ = std::move(content.outbox);\n    outbox_.begin(entries_, head.out_base, false);\n"
         "    verdicts_frozen_"),
    ]),
    "takes_a_delivery_across_a_gap": (["settled_once", "aggregate_once", "late_once", "recovers", "acked_after_stored", "fenced"], [
        ("bridge/engine/owner.cc", "    if (delivery.consumer_sequence != received_ + 1 ||", "    if ("),
    ]),
    "claims_without_waiting": (["fenced"], [
        ("bridge/engine/owner_claim.cc", "now - seen_since_ >= pipeline_.state.lease;", "true;"),
    ]),
    "takes_another_owners_head_for_its_own": (["fenced", "monotone"], [
        ("bridge/engine/checkpoint.cc",
         "    if (!last || last->writer != head_.writer || last->commit != head_.commit) return;",
         "    if (!last) return;"),
    ]),
    "forgets_the_outbox_on_takeover": (["recovers", "acked_after_stored"], [
        ("bridge/engine/owner_claim.cc", "    content.outbox = std::move(inherited->entries);\n", ""),
    ]),
    "does_not_carry_the_outbox": (["recovers", "acked_after_stored"], [
        ("bridge/engine/owner.cc", "    content.outbox = outbox_.unconfirmed();\n", ""),
    ]),
    "proves_idleness_without_reading": (["aggregate_once", "late_once", "fenced"], [
        ("bridge/engine/owner_input.cc", "    if (got.message) {", "    if (got.message && !proof) {"),
    ]),
    "begins_behind_the_floor": (["settled_once", "recovers", "aggregate_once", "late_once"], [
        ("bridge/engine/owner.cc", "    position_.start_sequence = applied_.sequence + 1;",
         "    position_.start_sequence = applied_.sequence + 2;"),
    ]),
    "reads_the_base_alone": (["aggregate_once", "recovers", "monotone", "acked_after_stored"], [
        ("bridge/engine/chain.cc", "    complete_ = current_sequence_ == last_sequence_;", "    complete_ = true;"),
    ]),
    "purges_what_deltas_build_on": (["monotone"], [
        ("bridge/engine/owner.cc", "    weight_.add(*head_);\n",
         "    weight_.add(*head_);\n    if (!claims) out.emplace_back(Purge{partition_, head_sequence_});\n"),
    ]),
    "takes_what_went_apart_for_stored_together": (["recovers", "acked_after_stored"], [
        ("bridge/engine/checkpoint.cc", "    if (last->together > 0) head_ = joint_;",
         "    if (joint_.together > 0) head_ = joint_;"),
    ]),
    "publishes_beside_its_head": (["fenced"], [
        ("bridge/engine/checkpoint.cc",
         "    const std::uint64_t number = numbers_.next();\n    attempts_.emplace(number, kJoint);",
         "    for (Write& write : batch.writes) out.emplace_back(std::move(write));\n    batch.writes.clear();\n"
         "    const std::uint64_t number = numbers_.next();\n    attempts_.emplace(number, kJoint);"),
    ]),
    "puts_whatever_is_there": (["summary"], [
        ("bridge/engine/outbox.cc", "&row.entry.headers, row.entry.payload, row.last}", "&row.entry.headers, row.entry.payload, std::nullopt}"),
    ]),
    "puts_older_over_newer": (["stories"], [
        ("bridge/engine/summary.cc", "    return age_of(stored) >= age_of(entry.headers);", "    return age_of(stored) == age_of(entry.headers);"),
    ]),
    "publishes_past_an_event_that_is_pending": (["ordered", "settled_once"], [
        ("bridge/engine/ordered_commit.cc", "        if (slot.standing == Standing::settled) continue;\n        if (slot.standing != Standing::scored || lane.run.size() >= most) return;",
         "        if (slot.standing != Standing::scored) continue;\n        if (lane.run.size() >= most) return;"),
    ]),
    "publishes_past_a_verdict_that_is_not_committed": (["settled_once", "recovers", "aggregate_once"], [
        ("bridge/engine/ordered_commit.cc", "        if (slot.standing == Standing::settled) continue;\n        if (slot.standing",
         "        if (slot.standing == Standing::settled || slot.standing == Standing::condemned) continue;\n        if (slot.standing"),
    ]),
    "cuts_a_batch_anew_that_may_be_stored": (["ordered", "settled_once"], [
        ("bridge/shard/shard.cc", "                e.expected_last_subject_sequence);", "                std::nullopt);"),
        ("bridge/engine/ordered_commit.cc", "    if (lane.run.empty()) {\n        end_run(lane);", "    {\n        end_run(lane);"),
    ]),
    "does_not_read_what_is_stored": (["ordered", "settled_once"], [
        ("bridge/engine/ordered_commit.cc", "    if (lane.newest) lane.up_to =", "    if (false) lane.up_to ="),
    ]),
    "publishes_what_it_inherits_without_a_search": (["stories"], [
        ("bridge/engine/outbox.cc", "unsure ? Standing::unsure : Standing::waiting", "Standing::waiting"),
    ]),
}


def mutated(table, name, file):
    text = (ROOT / file).read_text()
    for where, find, replace in table[name][1]:
        if where != file:
            continue
        if text.count(find) != 1:
            sys.exit(f"mutant {name}: {text.count(find)} times in {file}, once is needed:\n{find}")
        text = text.replace(find, replace)
    return text


def main(words, table, owned=()):
    if words[:1] == ["list"]:
        for name, (promises, edits) in table.items():
            files = list(dict.fromkeys(where for where, _, _ in edits))
            print(f"{name};{','.join(promises)};{','.join(files)}" + (";--owned" if name in owned else ""))
    elif words[:1] == ["make"] and len(words) == 4:
        pathlib.Path(words[3]).write_text(mutated(table, words[1], words[2]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:], MUTANTS | OWNED, OWNED)
