// What can happen in a script.
#include <algorithm>

#include "tests/fuzz/shard_script.h"

namespace millrace::fuzz {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kDrainWithin = seconds(5);

}  // namespace

// The likely ones stand here more than once.
const std::array<Script::Act, 18> Script::kActs = {
    &Script::time_passes_turn_by_turn,
    &Script::time_passes,
    &Script::message_arrives,
    &Script::message_arrives,
    &Script::endpoint_answers,
    &Script::endpoint_answers,
    &Script::publication_is_answered,
    &Script::publication_is_answered,
    &Script::partition_is_bound,
    &Script::pull_gets_a_status,
    &Script::search_ends,
    &Script::bind_fails,
    &Script::search_fails,
    &Script::connection_breaks,
    &Script::connection_is_back,
    &Script::drain,
    &Script::forged_message_arrives,
    &Script::unknown_publication_is_answered,
};

void Script::time_passes() {
    static constexpr Duration kSteps[] = {milliseconds(1), milliseconds(60), milliseconds(700), seconds(3),
                                          seconds(11),     seconds(31),      seconds(61),       seconds(121)};
    world_.now += tape_.pick(kSteps);
}

// As when nothing happens: turns whenever something is due.
void Script::time_passes_turn_by_turn() {
    for (const Time end = world_.now + seconds(1 + tape_.below(64)); world_.now < end;) {
        world_.now += std::min<Duration>(shard_.until_due(world_.now), seconds(1));
        turn();
    }
}

void Script::message_arrives() {
    static constexpr const char* kTokens[] = {"acme", "beta", "acme", "a b", "*", "", "acme.x", "Gamma_3-x"};
    std::uint64_t sequence = 1 + tape_.below(kMessages);
    const auto again = world_.due_again(world_.partition_of(sequence));
    if (!world_.messages.contains(sequence) && again) {
        sequence = *again;
    } else if (!world_.messages.contains(sequence)) {
        const std::string token = tape_.pick(kTokens);
        world_.message(sequence, token, payload(sequence));
    }
    arrivals_.put(world_.deliver(sequence, static_cast<std::uint32_t>(tape_.below(kPullSlots + 1))));
}

std::string Script::payload(std::uint64_t sequence) {
    const auto object = [sequence](int element) {
        return R"({"who":"canary-)" + std::to_string(sequence) + '-' + std::to_string(element) + R"(","n":1})";
    };
    switch (tape_.below(6)) {
        case 0:
            return object(0);
        case 1:
            return object(0) + "\n" + object(1) + "\n" + object(2);
        case 2:
            return "[" + object(0) + ",{\"n\":2}," + object(1) + "]";
        case 3:
            return "[]";
        case 4:
            return R"({"who":"canary)" + std::string(4000, 'x') + R"("})";
        default:
            return std::string(tape_.text());
    }
}

void Script::forged_message_arrives() {
    arrivals_.put(
        ports::Message{0, 0, std::string(tape_.text()), std::string(tape_.text()), {}, Payload(std::string("{}"))});
}

void Script::endpoint_answers() {
    const auto request = take(world_.requests);
    if (!request) return;
    ports::HttpResponse response;
    response.id = request->id;
    response.transport = ports::Transport::answered;
    const std::size_t kind = tape_.below(12);
    static constexpr int kStatus[] = {200, 200, 400, 413, 503, 424, 401, 404, 500, 422};
    response.status = kStatus[std::min<std::size_t>(kind, 9)];
    if (kind < 2) return scored(*request);
    world_.answering(*request, false);
    if (kind == 4) response.headers = {{"retry-after", std::string(tape_.text())}};
    if (kind == 5) response.headers = {{"ms-azureml-model-error-statuscode", tape_.flag() ? "400" : "500"}};
    if (kind == 9) response.status = 200, response.body = tape_.text();
    if (kind == 10) response.transport = tape_.flag() ? ports::Transport::timed_out : ports::Transport::unreachable;
    if (kind == 11) response.transport = ports::Transport::oversized;
    world_.responses.push_back(std::move(response));
}

void Script::scored(const ShardWorld::Request& request) {
    world_.answering(request, true);
    ports::HttpResponse response;
    response.id = request.id;
    response.transport = ports::Transport::answered;
    response.status = 200;
    for (const std::string& row : request.rows)
        response.body += (response.body.empty() ? "[" : ",") + (R"({"of":)" + row) + '}';
    response.body += ']';
    world_.responses.push_back(std::move(response));
}

void Script::publication_is_answered() {
    if (auto stored = take(world_.answers)) arrivals_.put(std::move(*stored));
}

void Script::unknown_publication_is_answered() {
    arrivals_.put(Stored{StoreId{tape_.number() | 1ull << 63}, {}, 1, false});
}

void Script::partition_is_bound() {
    static constexpr std::uint64_t kMaxPayload[] = {1 << 20, 1 << 20, 3000};
    const auto partition = take(world_.binds);
    const bool tells_idle = !tape_.flag();
    const std::uint64_t max_payload = tape_.pick(kMaxPayload);
    if (partition) arrivals_.put(world_.bound(*partition, tells_idle, max_payload));
}

void Script::bind_fails() {
    const auto partition = take(world_.binds);
    static constexpr ErrorCode kCodes[] = {ErrorCode::unavailable, ErrorCode::not_found, ErrorCode::misconfigured};
    if (partition) arrivals_.put(BindFailed{*partition, Error{tape_.pick(kCodes), "no stream"}});
}

void Script::pull_gets_a_status() {
    static constexpr int kCodes[] = {100, 404, 408, 409, 503, 400};
    static constexpr const char* kWords[] = {"Leadership Change", "Consumer Deleted", "Exceeded MaxRequestBatch of 1",
                                             "Batch Completed", "Server Shutdown"};
    const auto pull = take(world_.pulls);
    PullStatus status{0, static_cast<std::uint32_t>(tape_.below(6)), tape_.below(4), tape_.pick(kCodes), {}};
    if (pull) status = {pull->request.partition, pull->request.slot, pull->request.number, status.code, {}};
    if (status.code == 100 && world_.due_again(status.partition)) status.code = 408;
    status.description = tape_.pick(kWords);
    arrivals_.put(std::move(status));
}

void Script::search_ends() {
    if (const auto find = take(world_.finds)) arrivals_.put(world_.found(find->number));
}

void Script::search_fails() {
    const auto find = take(world_.finds);
    if (find) arrivals_.put(Found{find->number, {}, Error{ErrorCode::unavailable, "no leader"}});
}

void Script::connection_breaks() {
    if (!world_.connected) return;
    world_.connected = false;
    world_.binds.clear(), world_.pulls.clear(), world_.finds.clear(), world_.answers.clear();
    arrivals_.put(Disconnected{});
}

void Script::connection_is_back() {
    if (world_.connected) return;
    world_.connected = true;
    arrivals_.put(Reconnected{});
}

void Script::drain() {
    if (tape_.below(8) < 7 || drain_deadline_ != kNever) return;
    drain_deadline_ = world_.now + kDrainWithin;
    shard_.drain(drain_deadline_);
}

}  // namespace millrace::fuzz
