// Script: the fuzzer's bytes as what happens to one shard, act by act: which message arrives when, what the endpoint
// says to which request, which publication is answered, statuses of pulls, binds that fail, searches, disconnects,
// time. ShardWorld checks the promises at each call. Then all heals, and everything must drain.
//
// Functions of the bytes alone, with every compiler: choices are drawn in statements of their own, never as arguments
// beside each other.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/key_file.h"
#include "bridge/protocols/protocol.h"
#include "bridge/shard/shard.h"
#include "tests/fuzz/shard_world.h"

namespace millrace::fuzz {

class Script {
  public:
    explicit Script(Tape tape);
    void run();

  private:
    using Act = void (Script::*)();
    static const std::array<Act, 18> kActs;

    void turn();
    // Takes one of what waits for an answer.
    template <typename T>
    std::optional<T> take(std::vector<T>& waiting) {
        if (waiting.empty()) return std::nullopt;
        const auto at = waiting.begin() + static_cast<std::ptrdiff_t>(tape_.below(256) % waiting.size());
        T taken = std::move(*at);
        waiting.erase(at);
        return taken;
    }

    void time_passes();
    void time_passes_turn_by_turn();
    void message_arrives();
    void forged_message_arrives();
    void endpoint_answers();
    void publication_is_answered();
    void unknown_publication_is_answered();
    void partition_is_bound();
    void bind_fails();
    void pull_gets_a_status();
    void search_ends();
    void search_fails();
    void connection_breaks();
    void connection_is_back();
    void drain();

    std::string payload(std::uint64_t sequence);
    void scored(const ShardWorld::Request& request);

    void heal();
    [[nodiscard]] bool ended() const;
    void serve();
    bool serve(ShardWorld::Pull& pull);

    Tape tape_;
    settings::Pipeline pipeline_;
    ShardWorld world_;
    Shard::Arrivals arrivals_;
    std::unique_ptr<protocols::Protocol> protocol_;
    Credentials credentials_ = Credentials::none(pipeline_);
    Shard shard_;
    Time drain_deadline_ = kNever;
};

}  // namespace millrace::fuzz
