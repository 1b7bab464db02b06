// The fuzzer's bytes as a script for one shard: which message arrives when, what the endpoint says to which request,
// which publication is stored or lost, statuses of pulls, binds that fail, searches, stops and time. ShardWorld checks
// the promises at each call. Then all heals, and everything must drain: each message is acked within kHealWithin of
// virtual time, unless the pipeline halted or drains, and then it ends.
#include <memory>

#include "bridge/protocols/registry.h"
#include "bridge/shard/shard.h"
#include "tests/fuzz/shard_world.h"

using namespace millrace;
using fuzz::ShardWorld;
using fuzz::Tape;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Duration kHealWithin = std::chrono::hours(2);
constexpr Duration kDrainWithin = seconds(5);

settings::Pipeline pipeline_from(Tape& tape) {
    settings::Pipeline p;
    p.name = "p";
    p.partitions = tape.flag() ? 2 : 1;
    p.input.stream = "S";
    p.input.subject = p.partitions > 1 ? "in.{partition}.{tenant}" : "in.{tenant}";
    p.event.features = {{"who", {}}, {"n", "7"}};
    auto& e = p.endpoint;
    e.url = "http://model/score";
    e.body = settings::AzuremlBody::bare;
    e.max_batch_count = static_cast<std::uint32_t>(1 + tape.below(5));
    e.parallel_requests_per_partition = static_cast<std::uint32_t>(1 + tape.below(3));
    e.mix_tenants = tape.below(4) == 3;
    e.max_batch_wait = milliseconds(tape.flag() ? 50 : 0);
    e.max_dead_letter_ratio = 1.0;
    e.on_rejected = tape.below(8) == 7 ? settings::OnRejected::fail : settings::OnRejected::isolate;
    if (tape.flag()) e.control = R"(["control",0])";
    p.results = {"out.{tenant}", "", tape.flag() ? settings::Include::everything : settings::Include::nothing, {}};
    p.dead_letter = {"dead.{tenant}", "dead-unroutable"};
    p.input.ack_wait = seconds(tape.flag() ? 6 : 30);
    return p;
}

class Script {
  public:
    explicit Script(Tape tape)
        : tape_(tape),
          pipeline_(pipeline_from(tape_)),
          world_(pipeline_, tape_),
          protocol_(protocols::make(pipeline_.endpoint)),
          shard_({pipeline_, partitions(), world_, arrivals_, world_, *protocol_, key_, world_, 1}) {
        world_.duplicate_window = seconds(tape_.flag() ? 20 : 120);
        turn();
    }

    void run() {
        while (!tape_.over()) {
            const std::size_t act = tape_.below(kActs.size());
            world_.tell("act", std::to_string(act));
            (this->*kActs[act])();
            turn();
        }
        heal();
    }

  private:
    using Act = void (Script::*)();
    static const std::array<Act, 18> kActs;

    std::vector<Partition> partitions() const {
        return pipeline_.partitions > 1 ? std::vector<Partition>{0, 1} : std::vector<Partition>{0};
    }

    void turn() {
        world_.calls = 0;
        shard_.turn(world_.now, world_.server_now());
        MILLRACE_CHECK(shard_.until_due(world_.now) > Duration::zero(), "what is due now was done");
    }

    // Takes one of what waits for an answer.
    template <typename T>
    std::optional<T> take(std::vector<T>& waiting) {
        if (waiting.empty()) return std::nullopt;
        const auto at = waiting.begin() + static_cast<std::ptrdiff_t>(tape_.below(256) % waiting.size());
        T taken = std::move(*at);
        waiting.erase(at);
        return taken;
    }

    // ---- acts ----

    void time_passes() {
        static constexpr Duration kSteps[] = {milliseconds(1), milliseconds(60), milliseconds(700), seconds(3),
                                              seconds(11),     seconds(31),      seconds(61),       seconds(121)};
        world_.now += tape_.pick(kSteps);
    }

    // As when nothing happens: turns whenever something is due.
    void time_passes_turn_by_turn() {
        for (const Time end = world_.now + seconds(1 + tape_.below(64)); world_.now < end;) {
            world_.now += std::min<Duration>(shard_.until_due(world_.now), seconds(1));
            turn();
        }
    }

    void message_arrives() {
        static constexpr const char* kTokens[] = {"acme", "beta", "acme", "a b", "*", "", "acme.x", "Gamma_3-x"};
        const std::uint64_t sequence = 1 + tape_.below(fuzz::kMessages);
        if (!world_.messages.contains(sequence)) world_.message(sequence, tape_.pick(kTokens), payload(sequence));
        arrivals_.put(world_.deliver(sequence, static_cast<std::uint32_t>(tape_.below(5))));
    }

    std::string payload(std::uint64_t sequence) {
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

    void forged_message_arrives() {
        arrivals_.put(
            ports::Message{0, 0, std::string(tape_.text()), std::string(tape_.text()), {}, Payload(std::string("{}"))});
    }

    void endpoint_answers() {
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

    void scored(const ShardWorld::Request& request) {
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

    void publication_is_answered() {
        if (auto stored = take(world_.answers)) arrivals_.put(std::move(*stored));
    }
    void unknown_publication_is_answered() {
        arrivals_.put(Stored{StoreId{tape_.number() | 1ull << 63}, {}, 1, false});
    }

    void partition_is_bound() {
        static constexpr std::uint64_t kMaxPayload[] = {1 << 20, 1 << 20, 3000};
        const auto partition = take(world_.binds);
        if (partition) arrivals_.put(world_.bound(*partition, !tape_.flag(), tape_.pick(kMaxPayload)));
    }
    void bind_fails() {
        const auto partition = take(world_.binds);
        static constexpr ErrorCode kCodes[] = {ErrorCode::unavailable, ErrorCode::not_found, ErrorCode::misconfigured};
        if (partition) arrivals_.put(BindFailed{*partition, Error{tape_.pick(kCodes), "no stream"}});
    }

    void pull_gets_a_status() {
        static constexpr int kCodes[] = {100, 404, 408, 409, 503, 400};
        static constexpr const char* kWords[] = {"Leadership Change", "Consumer Deleted",
                                                 "Exceeded MaxRequestBatch of 1", "Batch Completed", "Server Shutdown"};
        const auto pull = take(world_.pulls);
        PullStatus status{0, static_cast<std::uint32_t>(tape_.below(6)), tape_.below(4), tape_.pick(kCodes), {}};
        if (pull) status = {pull->request.partition, pull->request.slot, pull->request.number, status.code, {}};
        status.description = tape_.pick(kWords);
        arrivals_.put(std::move(status));
    }

    void search_ends() {
        if (const auto find = take(world_.finds)) arrivals_.put(world_.found(find->number));
    }
    void search_fails() {
        const auto find = take(world_.finds);
        if (find) arrivals_.put(Found{find->number, {}, Error{ErrorCode::unavailable, "no leader"}});
    }

    void connection_breaks() {
        if (!world_.connected) return;
        world_.connected = false;
        world_.binds.clear(), world_.pulls.clear(), world_.finds.clear(), world_.answers.clear();
        arrivals_.put(Disconnected{});
    }
    void connection_is_back() {
        if (world_.connected) return;
        world_.connected = true;
        arrivals_.put(Reconnected{});
    }

    void drain() {
        if (tape_.below(8) < 7 || drain_deadline_ != kNever) return;
        drain_deadline_ = world_.now + kDrainWithin;
        shard_.drain(drain_deadline_);
    }

    // ---- the end ----

    // A server and an endpoint in the best of health, until all is acked. What was asked before may have got lost.
    void heal() {
        world_.tell("all heals");
        connection_breaks();
        turn();
        connection_is_back();
        for (const Time end = world_.now + kHealWithin; !ended() && world_.now < end;) {
            serve();
            turn();
            world_.now += std::min<Duration>(shard_.until_due(world_.now), milliseconds(500));
        }
        MILLRACE_CHECK(ended(), "recovers: everything drains once all is well");
    }

    bool ended() const {
        if (world_.halted) return true;
        if (drain_deadline_ != kNever) return shard_.drained();
        return std::ranges::all_of(world_.messages, [](const auto& each) { return each.second.acked; });
    }

    void serve() {
        while (const auto partition = take(world_.binds)) arrivals_.put(world_.bound(*partition, true, 1 << 20));
        while (const auto find = take(world_.finds)) arrivals_.put(world_.found(find->number));
        while (auto stored = take(world_.answers)) arrivals_.put(std::move(*stored));
        while (const auto request = take(world_.requests)) scored(*request);
        std::erase_if(world_.pulls, [this](ShardWorld::Pull& pull) { return serve(pull); });
    }

    // True when the pull is over.
    bool serve(ShardWorld::Pull& pull) {
        auto& wanted = pull.request;
        for (auto& [sequence, message] : world_.messages) {
            const bool held =
                message.delivered > 0 && !message.given_back && world_.now - message.touched < pipeline_.input.ack_wait;
            if (message.acked || held || world_.partition_of(sequence) != wanted.partition) continue;
            arrivals_.put(world_.deliver(sequence, wanted.slot));
            if (--wanted.batch == 0) return true;
        }
        const bool over = world_.now - pull.opened >= wanted.expires;
        arrivals_.put(PullStatus{wanted.partition, wanted.slot, wanted.number, over ? 408 : 100, {}});
        return over;
    }

    Tape tape_;
    settings::Pipeline pipeline_;
    ShardWorld world_;
    Shard::Arrivals arrivals_;
    std::unique_ptr<protocols::Protocol> protocol_;
    auth::KeyFile key_ = *auth::KeyFile::load("");
    Shard shard_;
    Time drain_deadline_ = kNever;
};

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size <= 2048) Script(Tape(bytes, size)).run();
    return 0;
}
