// A score is read inside of the result it would make, {"score":…}, so that all kinds of scores (numbers, arrays,
// objects) are read the same way, and results that are stored as well.
#include "bridge/codec/score_reader.h"

#include "bridge/base/header.h"
#include "bridge/codec/result_batch.h"
#include "bridge/windows/operands.h"
#include "subjects/identity.h"

namespace millrace::codec {
namespace {

constexpr std::string_view kScore = "/score";
constexpr std::string_view kResult = R"({"score":)";  // what every result begins with

// A field of the score, named as in Operand::path → as a JSON Pointer into a result.
std::string pointer_to(const std::string& path) {
    if (path.empty() || path.front() == '/') return std::string(kScore) + path;
    std::string pointer = std::string(kScore) + "/";
    for (const char c : path) {
        if (c == '~') {
            pointer += "~0";
        } else if (c == '/') {
            pointer += "~1";
        } else {
            pointer += c;
        }
    }
    return pointer;
}

}  // namespace

ScoreReader::ScoreReader(const settings::Pipeline& pipeline) : score_(fields_.add(kScore)), reader_(fields_) {
    const auto operands = windows::operands(pipeline.aggregates);
    for (std::size_t place = 0; place < operands.size(); ++place) {
        if (operands[place].from != Operand::From::score) continue;
        values_.push_back({place, fields_.add(pointer_to(operands[place].path))});
    }
}

void ScoreReader::add_values(Event& event) {
    if (values_.empty()) return;
    const std::string result = R"({"score":)" + event.settlement.score + "}";
    if (reader_.read(result)) return;
    for (const Wanted& each : values_) event.values.at(each.place) = maker_.make(fields_.at(each.slot));
}

bool ScoreReader::read_back(const StreamMessage& message, EventPlace place, Event& event) {
    // Of which pipeline and tenant it is, its subject says.
    if (batch_in(message.headers)) return take_result(result_in(message.payload, place), event);
    const auto* id = find_header(message.headers, "Nats-Msg-Id");
    if (id == nullptr || subjects::identity_from_hex(*id) != event.id) return false;
    const auto* text = find_header(message.headers, "Millrace-Reason");
    if (text == nullptr) return take_result(message.payload, event);
    const auto reason = reason_named(*text);
    if (!reason) return false;
    event.settlement.verdict = Verdict{*reason, "stored before", 0, {}};
    event.settlement.told = true;
    return true;
}

bool ScoreReader::take_result(std::string_view result, Event& event) {
    if (!result.starts_with(kResult)) return false;
    // One too deep to be read counts all the same, with no values.
    event.settlement.score = reader_.read(result) ? "null" : fields_.at(score_).raw;
    event.settlement.verdict.reset();
    event.settlement.told = true;
    return true;
}

}  // namespace millrace::codec
