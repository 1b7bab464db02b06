#include "bridge/io/nats_message.h"

#include <nats/nats.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "bridge/io/nats_wire.h"

namespace millrace::io {

namespace {

std::vector<Header> headers_of(natsMsg* message) {
    std::vector<Header> out;
    const char** keys = nullptr;
    int key_count = 0;
    if (natsMsgHeader_Keys(message, &keys, &key_count) != NATS_OK) return out;
    for (int k = 0; k < key_count; ++k) {
        const char** values = nullptr;
        int value_count = 0;
        if (natsMsgHeader_Values(message, keys[k], &values, &value_count) != NATS_OK) continue;
        for (int v = 0; v < value_count; ++v) out.emplace_back(keys[k], values[v] != nullptr ? values[v] : "");
        std::free(static_cast<void*>(values));
    }
    std::free(static_cast<void*>(keys));
    return out;
}

// Where messages go that nobody needs any more. The library hands each natsMsg_Destroy to a thread of its own, wakes
// that thread whenever it is idle, and then has both fight for its lock; one by one that was a futex call and two
// context switches for each message. So they are destroyed by the thousand, and by the library's thread that brings new
// ones rather than by a shard. Thread: any. Bound: kMost messages of small payloads; larger go at once.
class Spent {
  public:
    static void put(natsMsg* message) {
        if (message == nullptr) return;
        if (!is_small(bytes_of(message))) return natsMsg_Destroy(message);
        if (pile().add(message) == kMost) pile().destroy();
    }
    static bool is_small(std::string_view payload) { return payload.size() <= 4096; }
    static void destroy_many() {
        if (pile().count_.load(std::memory_order_relaxed) >= kMany) pile().destroy();
    }

  private:
    static constexpr std::size_t kMany = 1024;
    static constexpr std::size_t kMost = 4 * kMany;  // where none is brought
    // Never destroyed: threads of the library may still put something when the program ends.
    static Spent& pile() {
        static auto& one = *new Spent;
        return one;
    }

    std::size_t add(natsMsg* message) {
        const std::lock_guard lock(mutex_);
        messages_.push_back(message);
        count_.store(messages_.size(), std::memory_order_relaxed);
        return messages_.size();
    }

    void destroy() {
        std::vector<natsMsg*> all;
        all.reserve(kMany);
        {
            const std::lock_guard lock(mutex_);
            all.swap(messages_);
            count_.store(0, std::memory_order_relaxed);
        }
        for (natsMsg* one : all) natsMsg_Destroy(one);
    }

    std::mutex mutex_;
    std::vector<natsMsg*> messages_;
    std::atomic<std::size_t> count_{0};  // of them
};

// The versions that write a header's name as it is given: 3.4.1 to 3.13 were read.
bool writes_names_as_given() {
    constexpr std::uint32_t kFirstUnread = (3u << 16) | (14u << 8);
    return nats_GetVersionNumber() < kFirstUnread;
}

// The library keeps each header in four allocations, which it frees on another thread; with nine to a result, that was
// a quarter of what a result costs. So it is given one header, whose name is all the lines before the last value. Each
// is one line (check_outgoing), and they stay in their order, which the library would not keep.
natsStatus add_as_one(natsMsg* made, const std::vector<Header>& headers) {
    std::string name;
    name.reserve(header_block_size(headers));
    for (const auto& [key, value] : headers) {
        name += key;
        if (&key != &headers.back().first) name.append(": ").append(value).append("\r\n");
    }
    return natsMsgHeader_Set(made, name.c_str(), headers.back().second.c_str());
}

natsStatus add_one_by_one(natsMsg* made, const std::vector<Header>& headers) {
    natsStatus status = NATS_OK;
    for (const auto& [key, value] : headers) {
        if (status == NATS_OK) status = natsMsgHeader_Add(made, key.c_str(), value.c_str());
    }
    return status;
}

natsStatus write(natsConnection* nc, const Outgoing& message) {
    static const auto add_headers = writes_names_as_given() ? add_as_one : add_one_by_one;
    const std::string subject(message.subject);
    const std::string reply(message.reply);
    const auto size = static_cast<int>(message.payload.size());
    if (message.headers == nullptr || message.headers->empty()) {
        if (reply.empty()) return natsConnection_Publish(nc, subject.c_str(), message.payload.data(), size);
        return natsConnection_PublishRequest(nc, subject.c_str(), reply.c_str(), message.payload.data(), size);
    }
    natsMsg* made = nullptr;
    natsStatus status =
        natsMsg_Create(&made, subject.c_str(), reply.empty() ? nullptr : reply.c_str(), message.payload.data(), size);
    if (status == NATS_OK) status = add_headers(made, *message.headers);
    if (status == NATS_OK) status = natsConnection_PublishMsg(nc, made);
    Spent::put(made);
    return status;
}

}  // namespace

std::string_view bytes_of(const natsMsg* message) {
    const char* bytes = natsMsg_GetData(message);
    return bytes == nullptr ? std::string_view() : std::string_view(bytes, natsMsg_GetDataLength(message));
}

namespace {

// A small payload is copied: for an event of 200 bytes the library's message takes 760, with its headers in two forms.
Payload payload_of(natsMsg* message) {
    const std::string_view bytes = bytes_of(message);
    if (!Spent::is_small(bytes))
        return {bytes, message, [](void* owner) { natsMsg_Destroy(static_cast<natsMsg*>(owner)); }};
    auto* const copy = new char[bytes.size()];
    std::ranges::copy(bytes, copy);
    Spent::put(message);
    return {{copy, bytes.size()}, copy, [](void* owner) { delete[] static_cast<char*>(owner); }};
}

}  // namespace

NatsMessage take_over(natsMsg* message) {
    Spent::destroy_many();
    NatsMessage out;
    out.subject = natsMsg_GetSubject(message);
    if (const char* reply = natsMsg_GetReply(message); reply != nullptr) out.reply = reply;
    out.headers = headers_of(message);
    out.payload = payload_of(message);
    return out;
}

Result<void> check_outgoing(const Outgoing& message, std::uint64_t limit) {
    if (!is_concrete_subject(message.subject) || (!message.reply.empty() && !is_concrete_subject(message.reply)))
        return fail(ErrorCode::invalid, "a subject that may not leave (tokens of printable ASCII, no wildcards)");
    std::size_t head = 0;
    if (message.headers != nullptr) {
        if (!std::ranges::all_of(*message.headers, is_wire_header))
            return fail(ErrorCode::invalid, "a header that may not leave (token name, one-line value)");
        head = header_block_size(*message.headers);
    }
    if (head > kMaxHeaderBlock || head + message.payload.size() > limit) {
        return fail(ErrorCode::too_large, "a message of " + std::to_string(head + message.payload.size()) +
                                              " bytes is over the server's limit of " + std::to_string(limit));
    }
    return {};
}

Result<void> send(natsConnection* nc, const Outgoing& message) {
    const natsStatus status = write(nc, message);
    if (status == NATS_OK) return {};
    const auto code = status == NATS_MAX_PAYLOAD ? ErrorCode::too_large : ErrorCode::unavailable;
    return fail(code, std::string("cannot write to NATS: ") + natsStatus_GetText(status));
}

}  // namespace millrace::io
