// The Millrace-* headers of a publication: where an event came from, which request scored it, and for a dead letter why
// it is one. Publishers cannot forge them: theirs come back under Millrace-Origin-, if at all.
//
// Pure. Every value is printable ASCII and bounded, whatever an endpoint or a publisher said.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/settings/settings.h"

namespace millrace::codec {

enum class Missed { late, early };

inline constexpr std::size_t kMaxAnswerEvidence = 4096;  // bytes of the endpoint's answer in a dead letter

// What a header costs on the wire, and the block of all of them.
std::size_t wire_size(const Header& header);
std::size_t wire_size(const std::vector<Header>& headers);

// The pipeline, and the message and element an event came in.
void add_source(const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event,
                std::vector<Header>& headers);
// Identity and lineage, for results and dead letters alike.
void add_lineage(const settings::Pipeline& pipeline, const Delivery& delivery, const Event& event,
                 std::vector<Header>& headers);
// Reason, detail, status, and where the message stood; not the endpoint's answer.
void add_evidence(const Delivery& delivery, const Verdict& verdict, std::vector<Header>& headers);
void add_answer(const Verdict& verdict, std::vector<Header>& headers);
// That an event missed its windows, how, and when it happened.
void add_missed(const Delivery& delivery, const Event& event, Missed missed, std::vector<Header>& headers);
// That an event went past the model.
void add_bypassed(std::vector<Header>& headers);
// The publisher's headers that pass on under their own name.
void add_passed_on(const Delivery& delivery, std::vector<Header>& headers);
// The publisher's other headers under Millrace-Origin-.
void add_origin(const Delivery& delivery, std::vector<Header>& headers);

}  // namespace millrace::codec
