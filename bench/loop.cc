// The yardstick: what a C++ programmer writes with libnats when no model is involved. It consumes a durable, publishes
// one result per message with a Nats-Msg-Id, acks the message after the PubAck, and ends when all is acked.
//
// The contract is the bridge's: explicit acks, never before the result is stored. There is no HTTP, no JSON and no
// decision: every status other than an expired pull, every refused result and every duplicate ends the program with 1.
//
// With --count-per FIELD it is the yardstick of aggregates instead: it counts per number in that field, finds the field
// by searching for its name, publishes nothing, and acks every 500th message for all before it (ack_policy all).
#include <CLI/CLI.hpp>
#include <atomic>
#include <charconv>
#include <chrono>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "bench/nats.h"

namespace millrace::bench {
namespace {

constexpr std::size_t kPull = 500;  // messages a pull
constexpr std::size_t kPulls = 4;   // that overlap

struct Plan {
    std::string url = "nats://127.0.0.1:4222";
    std::string stream;
    std::string consumer;
    std::string output;
    std::string count_per;
    std::size_t count = 0;
    std::size_t payload_bytes = 64;
    std::size_t header_bytes = 300;
};

class Loop {
  public:
    explicit Loop(const Plan& plan)
        : plan_(plan), pulls_(new_inbox()), acks_(new_inbox()), payload_(plan.payload_bytes, '7'), held_(plan.count) {
        // The header block as the library writes it, without the padding: "NATS/1.0", an id of 32, an empty pad.
        constexpr std::size_t bare = std::string_view("NATS/1.0\r\nNats-Msg-Id: \r\nPad: \r\n\r\n").size() + 32;
        pad_.assign(plan.header_bytes > bare ? plan.header_bytes - bare : 1, 'x');
        field_ = '"' + plan.count_per + "\":";
        ask_ = "$JS.API.CONSUMER.MSG.NEXT." + plan.stream + "." + plan.consumer;
        connect();
        acks_sub_ = subscribe(acks_, &Loop::on_ack);
        pulls_sub_ = subscribe(pulls_, &Loop::on_message);
    }

    void run() {
        asked_ = kPulls * kPull;  // all counted before the first is sent: from then on the callback counts
        pull_number_ = kPulls;
        for (std::size_t number = 0; number < kPulls; ++number) ask(number);
        for (std::size_t acked = 0; (acked = acked_.load()) < plan_.count;) acked_.wait(acked);
        must(natsConnection_FlushTimeout(connection_.get(), 10000), "flush");
        while (!nothing_pending()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }

  private:
    using Callback = void (Loop::*)(Message);

    void connect() {
        natsOptions* made = nullptr;
        must(natsOptions_Create(&made), "options");
        const Options options(made);
        must(natsOptions_SetURL(made, plan_.url.c_str()), "url");
        must(natsOptions_SetAllowReconnect(made, false), "options");
        natsConnection* nc = nullptr;
        must(natsConnection_Connect(&nc, made), "connect");
        connection_.reset(nc);
    }

    Subscription subscribe(const std::string& inbox, Callback callback) {
        natsSubscription* sub = nullptr;
        const auto call = callback == &Loop::on_ack ? &Loop::call<&Loop::on_ack> : &Loop::call<&Loop::on_message>;
        must(natsConnection_Subscribe(&sub, connection_.get(), (inbox + ".*").c_str(), call, this), "subscribe");
        must(natsSubscription_SetPendingLimits(sub, -1, -1), "pending limits");
        return Subscription(sub);
    }

    template <Callback callback>
    static void call(natsConnection*, natsSubscription*, natsMsg* message, void* self) {
        (static_cast<Loop*>(self)->*callback)(Message(message));
    }

    void pull() {
        asked_ += kPull;
        ask(pull_number_++);
    }

    void ask(std::size_t number) {
        const std::string reply = pulls_ + "." + std::to_string(number);
        const std::string body = R"({"batch":)" + std::to_string(kPull) + R"(,"expires":30000000000})";
        must(natsConnection_PublishRequestString(connection_.get(), ask_.c_str(), reply.c_str(), body.c_str()), "pull");
    }

    // A message of the stream keeps its own subject; a status comes on our inbox.
    void on_message(Message message) {
        if (std::string_view(natsMsg_GetSubject(message.get())).starts_with(pulls_)) return on_status(message.get());
        if (received_ == plan_.count) give_up("more messages than expected");
        if (plan_.count_per.empty()) {
            held_[received_] = std::move(message);
            publish(received_++);
        } else {
            ++received_;
            tally(message.get());
        }
        if (--asked_ <= (kPulls - 1) * kPull && received_ + asked_ < plan_.count) pull();
    }

    void tally(natsMsg* message) {
        const std::string_view body(natsMsg_GetData(message), std::size_t(natsMsg_GetDataLength(message)));
        const std::size_t at = body.find(field_);
        std::uint64_t key = 0;
        if (at != std::string_view::npos) {
            const char* const digits = body.data() + at + field_.size();
            std::from_chars(digits, body.data() + body.size(), key);
        }
        ++counts_[key];
        if (received_ % kPull != 0 && received_ != plan_.count) return;
        must(natsConnection_PublishString(connection_.get(), natsMsg_GetReply(message), "+ACK"), "ack");
        acked_.store(received_);
        acked_.notify_one();
    }

    void on_status(natsMsg* message) {
        const char* status = nullptr;
        const char* pending = nullptr;
        natsMsgHeader_Get(message, "Status", &status);
        if (status == nullptr || std::string_view(status) != "408") {
            give_up(std::string("pull: status ") + (status == nullptr ? "?" : status));
        }
        if (natsMsgHeader_Get(message, "Nats-Pending-Messages", &pending) == NATS_OK) asked_ -= std::stoul(pending);
        if (received_ < plan_.count) pull();
    }

    void publish(std::size_t number) {
        std::string digits = std::to_string(number);
        const std::string id = std::string(32 - digits.size(), '0') + digits;
        const std::string reply = acks_ + "." + digits;
        natsMsg* made = nullptr;
        must(natsMsg_Create(&made, plan_.output.c_str(), reply.c_str(), payload_.data(), int(payload_.size())), "msg");
        const Message result(made);
        must(natsMsgHeader_Set(made, "Nats-Msg-Id", id.c_str()), "header");
        must(natsMsgHeader_Set(made, "Pad", pad_.c_str()), "header");
        must(natsConnection_PublishMsg(connection_.get(), made), "publish");
    }

    // The PubAck of a result, whose number is the last token.
    void on_ack(Message ack) {
        const std::string_view body(natsMsg_GetData(ack.get()), std::size_t(natsMsg_GetDataLength(ack.get())));
        if (!body.starts_with(R"({"stream":)") || body.contains("\"duplicate\"")) {
            give_up("PubAck: " + std::string(body));
        }
        const std::string_view digits = std::string_view(natsMsg_GetSubject(ack.get())).substr(acks_.size() + 1);
        std::size_t number = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        const Message message = std::move(held_.at(number));
        must(natsConnection_PublishString(connection_.get(), natsMsg_GetReply(message.get()), "+ACK"), "ack");
        if (acked_.fetch_add(1) + 1 == plan_.count) acked_.notify_one();
    }

    bool nothing_pending() {
        const std::string subject = "$JS.API.CONSUMER.INFO." + plan_.stream + "." + plan_.consumer;
        natsMsg* made = nullptr;
        must(natsConnection_RequestString(&made, connection_.get(), subject.c_str(), "", 5000), "consumer info");
        const Message answer(made);
        const std::string_view body(natsMsg_GetData(made), std::size_t(natsMsg_GetDataLength(made)));
        return body.contains("\"num_ack_pending\":0,");
    }

    const Plan& plan_;
    const std::string pulls_;
    const std::string acks_;
    const std::string payload_;
    std::string pad_;
    std::string ask_;
    std::string field_;
    std::unordered_map<std::uint64_t, std::uint64_t> counts_;  // the pull callback's
    std::vector<Message> held_;                                // from delivery to ack, by number
    std::atomic<std::size_t> acked_{0};                        // the PubAck callback's
    std::size_t received_ = 0;  // the pull callback's, like the two below; main's before its first call
    std::size_t asked_ = 0;
    std::size_t pull_number_ = 0;
    Connection connection_;
    Subscription acks_sub_;
    Subscription pulls_sub_;
};

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
    millrace::bench::Plan plan;
    CLI::App app("Consumes a durable, publishes one result per message, acks after the PubAck.");
    app.set_version_flag("--version", std::string("libnats ") + nats_GetVersion());
    app.add_option("--url", plan.url)->capture_default_str();
    app.add_option("--stream", plan.stream)->required();
    app.add_option("--consumer", plan.consumer, "a durable that exists")->required();
    app.add_option("--output", plan.output, "the subject of results");
    app.add_option("--count", plan.count, "how many messages the stream holds")->required();
    app.add_option("--count-per", plan.count_per, "count per number in this field, and publish nothing");
    app.add_option("--payload-bytes", plan.payload_bytes, "of a result")->capture_default_str();
    app.add_option("--header-bytes", plan.header_bytes, "of a result")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    millrace::bench::Loop(plan).run();
}
