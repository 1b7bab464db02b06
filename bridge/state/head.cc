// The form of a head: "MRH" and a format version, the fields in the order of the struct, and the digest of all before
// it. A content has no digest of its own; the head's covers it.
#include "bridge/state/head.h"

#include <algorithm>
#include <utility>

#include "bridge/base/bytes.h"
#include "bridge/base/text.h"

namespace millrace::state {

namespace {

constexpr std::string_view kMagic = "MRH";
constexpr std::uint64_t kFormat = 3;
constexpr std::uint64_t kBeforeDeaths = 2;    // heads up to this format know neither `deaths` nor `tried`
constexpr std::uint64_t kBeforeTogether = 1;  // heads of this format know no `together`
constexpr std::size_t kDigestSize = Digest{}.size();
// More than any pipeline has or any commit holds; what says more is damaged.
constexpr std::uint64_t kMostOutputs = 100'000;
constexpr std::uint64_t kMostEntries = 1'000'000;
constexpr std::uint64_t kMostTried = 10'000;

std::string_view view(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};  // NOLINT(*-reinterpret-cast): bytes
}

template <typename Bytes>
Bytes read_bytes(ByteReader& in) {
    Bytes bytes{};
    const auto text = in.text();
    if (text.size() == bytes.size()) std::ranges::copy(text, bytes.begin());
    return bytes;
}

std::int64_t number(ServerTime time) { return time.time_since_epoch().count(); }
ServerTime time_of(std::int64_t number) { return ServerTime(Duration(number)); }

std::unexpected<Error> damaged(std::string_view what, std::string_view how) {
    return fail(ErrorCode::invalid, std::string(what) + " is damaged: " + std::string(how));
}

OutboxEntry read_entry(ByteReader& in) {
    OutboxEntry entry;
    entry.output = static_cast<std::uint32_t>(in.number());
    entry.id.bytes = read_bytes<Digest>(in);
    entry.subject = in.text();
    const std::uint64_t headers = in.number();
    for (std::uint64_t i = 0; i < headers && !in.bad(); ++i) {
        std::string name(in.text());
        entry.headers.emplace_back(std::move(name), in.text());
    }
    entry.payload = in.text();
    return entry;
}

Tried read_tried(ByteReader& in) {
    Tried tried;
    tried.place.sequence = in.number();
    tried.place.element = static_cast<std::uint32_t>(in.number());
    tried.times = static_cast<std::uint32_t>(in.number());
    return tried;
}

}  // namespace

std::string write(const Head& head) {
    ByteWriter out;
    out.raw(kMagic);
    // Where nobody died, as a version before this one reads it: replicas are replaced one by one.
    const bool peaceful = head.deaths == 0 && head.tried.empty();
    out.number(peaceful ? kBeforeDeaths : kFormat);
    out.number(head.epoch);
    out.text(view(head.writer));
    out.number(head.commit);
    out.number(head.previous);
    out.number(head.released ? 1 : 0);
    out.number(head.base);
    out.number(head.generation);
    out.text(view(head.fingerprint));
    out.signed_number(number(head.input_created));
    out.number(head.floor);
    out.signed_number(number(head.floor_stored));
    out.number(head.clear_to);
    out.signed_number(number(head.outputs_after));
    out.number(head.out_base.size());
    for (const std::uint64_t sequence : head.out_base) out.number(sequence);
    out.number(head.together);
    if (!peaceful) {
        out.number(head.deaths);
        out.number(head.tried.size());
        for (const Tried& each : head.tried) {
            out.number(each.place.sequence);
            out.number(each.place.element);
            out.number(each.times);
        }
    }
    out.number(head.parts);
    out.number(head.first_part);
    out.number(head.content_size);
    out.text(view(head.content_digest));
    out.text(head.content);
    out.raw(view(digest(out.bytes())));
    return out.take();
}

Result<Head> read_head(std::string_view bytes) {
    if (!bytes.starts_with(kMagic)) return damaged("the head", "it does not begin with \"MRH\"");
    if (bytes.size() < kMagic.size() + kDigestSize) return damaged("the head", "it is too short");
    const auto body = bytes.substr(0, bytes.size() - kDigestSize);
    ByteReader in(body.substr(kMagic.size()));
    const auto format = in.number();
    if (format < kBeforeTogether || format > kFormat) {
        return fail(ErrorCode::invalid, "the head has format " + std::to_string(format) + ", and this version reads " +
                                            std::to_string(kFormat) + " (run a version of Millrace that knows it)");
    }
    if (view(digest(body)) != bytes.substr(body.size())) return damaged("the head", "its digest does not match");
    Head head;
    head.epoch = in.number();
    head.writer = read_bytes<Writer>(in);
    head.commit = in.number();
    head.previous = in.number();
    head.released = in.number() != 0;
    head.base = in.number();
    head.generation = static_cast<std::uint32_t>(in.number());
    head.fingerprint = read_bytes<Digest>(in);
    head.input_created = time_of(in.signed_number());
    head.floor = in.number();
    head.floor_stored = time_of(in.signed_number());
    head.clear_to = in.number();
    head.outputs_after = time_of(in.signed_number());
    const std::uint64_t outputs = in.number();
    if (outputs > kMostOutputs) return damaged("the head", "it names too many outputs");
    for (std::uint64_t i = 0; i < outputs && !in.bad(); ++i) head.out_base.push_back(in.number());
    if (format > kBeforeTogether) head.together = static_cast<std::uint32_t>(in.number());
    if (format > kBeforeDeaths) {
        head.deaths = static_cast<std::uint32_t>(in.number());
        const std::uint64_t tried = in.number();
        if (tried > kMostTried) return damaged("the head", "it names too many events");
        for (std::uint64_t i = 0; i < tried && !in.bad(); ++i) head.tried.push_back(read_tried(in));
    }
    head.parts = static_cast<std::uint32_t>(in.number());
    head.first_part = in.number();
    head.content_size = in.number();
    head.content_digest = read_bytes<Digest>(in);
    head.content = in.text();
    if (!in.whole()) return damaged("the head", "its fields do not fill it");
    return head;
}

std::string write(const Content& content) {
    ByteWriter out;
    out.text(content.clock);
    out.text(content.windows);
    out.number(content.outbox.size());
    for (const OutboxEntry& entry : content.outbox) {
        out.number(entry.output);
        out.text(view(entry.id.bytes));
        out.text(entry.subject);
        out.number(entry.headers.size());
        for (const auto& [name, value] : entry.headers) {
            out.text(name);
            out.text(value);
        }
        out.text(entry.payload);
    }
    // Where there are none, nothing: so it was written before there were any.
    if (content.condemned.empty()) return out.take();
    out.number(content.condemned.size());
    for (const EventPlace& place : content.condemned) {
        out.number(place.sequence);
        out.number(place.element);
    }
    return out.take();
}

Result<Content> read_content(std::string_view bytes) {
    ByteReader in(bytes);
    Content content;
    content.clock = in.text();
    content.windows = in.text();
    const std::uint64_t entries = in.number();
    if (entries > kMostEntries) return damaged("the content of a head", "its outbox is too long");
    for (std::uint64_t i = 0; i < entries && !in.bad(); ++i) content.outbox.push_back(read_entry(in));
    const std::uint64_t condemned = in.empty() ? 0 : in.number();
    if (condemned > kMostEntries) return damaged("the content of a head", "it condemns too many events");
    for (std::uint64_t i = 0; i < condemned && !in.bad(); ++i) {
        const std::uint64_t sequence = in.number();
        content.condemned.push_back({sequence, static_cast<std::uint32_t>(in.number())});
    }
    if (!in.whole()) return damaged("the content of a head", "its fields do not fill it");
    return content;
}

std::string part_subject(std::string_view head_subject, const Head& head, std::uint32_t part) {
    return std::string(head_subject) + "." + hex(head.writer) + "." + std::to_string(head.commit) + "." +
           std::to_string(part);
}

}  // namespace millrace::state
