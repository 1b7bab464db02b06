// The canonical form: a version byte, then each part as a type byte and a body whose length the bytes before it tell
// (fixed, or 8 bytes of length in front). So it can be read back in exactly one way, and two tuples that give equal
// bytes are equal.
#include "subjects/identity.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "bridge/base/digest.h"
#include "bridge/base/text.h"

namespace millrace::subjects {

namespace {

constexpr char kVersion = 1;
constexpr std::size_t kInline = 768;  // longer tuples go through the heap; names of streams end at 255 bytes

char* put_number(char* out, std::uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8) *out++ = static_cast<char>(number >> shift & 0xff);
    return out;
}

struct SizeOf {
    std::size_t operator()(std::string_view text) const { return 1 + 8 + text.size(); }
    std::size_t operator()(std::uint64_t) const { return 1 + 8; }
    std::size_t operator()(std::int64_t) const { return 1 + 8; }
    std::size_t operator()(bool) const { return 1 + 1; }
    std::size_t operator()(std::nullptr_t) const { return 1; }
    std::size_t operator()(double) const { return 1 + 8; }
};

struct Put {
    char* out;

    char* operator()(std::string_view text) const {
        *out = 's';
        return std::ranges::copy(text, put_number(out + 1, text.size())).out;
    }
    char* operator()(std::uint64_t number) const {
        *out = 'u';
        return put_number(out + 1, number);
    }
    char* operator()(std::int64_t number) const {
        *out = 'i';
        return put_number(out + 1, static_cast<std::uint64_t>(number));
    }
    char* operator()(bool truth) const {
        *out = 'b';
        out[1] = truth ? 1 : 0;
        return out + 2;
    }
    char* operator()(std::nullptr_t) const {
        *out = 'n';
        return out + 1;
    }
    char* operator()(double number) const {
        *out = 'd';
        return put_number(out + 1, std::bit_cast<std::uint64_t>(number));
    }
};

std::size_t canonical_size(std::span<const Part> tuple) {
    std::size_t size = 1;
    for (const auto& part : tuple) size += std::visit(SizeOf{}, part);
    return size;
}

// `out` has room for canonical_size(tuple).
void write_canonical(std::span<const Part> tuple, char* out) {
    *out++ = kVersion;
    for (const auto& part : tuple) out = std::visit(Put{out}, part);
}

Identity of_event(std::string_view kind, const EventOrigin& origin) {
    const std::int64_t stored = origin.stored_at.time_since_epoch().count();
    const std::array<Part, 7> tuple = {origin.pipeline, std::uint64_t{origin.generation}, kind, origin.stream, stored,
                                       origin.sequence, std::uint64_t{origin.element}};
    return identity_of(tuple);
}

// A group's values, as parts. No value begins with an unsigned number but an array or object, which is one before its
// text: so the parts tell where each value begins.
struct AddValue {
    std::vector<Part>& tuple;

    void operator()(Null) const { tuple.emplace_back(nullptr); }
    void operator()(bool truth) const { tuple.emplace_back(truth); }
    void operator()(std::int64_t number) const { tuple.emplace_back(number); }
    void operator()(double number) const {
        // Every double in this range that is whole is an int64_t as well, and equal to it; -0.0 is 0.
        constexpr double kEnd = 9223372036854775808.0;
        if (number >= -kEnd && number < kEnd && std::trunc(number) == number) {
            tuple.emplace_back(static_cast<std::int64_t>(number));
        } else {
            tuple.emplace_back(number);
        }
    }
    void operator()(const std::string& text) const { tuple.emplace_back(std::string_view(text)); }
    void operator()(const RawJson& raw) const {
        tuple.emplace_back(std::uint64_t{0});
        tuple.emplace_back(std::string_view(raw.text));
    }
};

// The value of a lower-case hexadecimal digit, 16 for anything else.
constexpr unsigned digit_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    return 16;
}

}  // namespace

std::string canonical(std::span<const Part> tuple) {
    std::string bytes(canonical_size(tuple), '\0');
    write_canonical(tuple, bytes.data());
    return bytes;
}

Identity identity_of(std::span<const Part> tuple) {
    const auto size = canonical_size(tuple);
    if (size > kInline) return {digest(canonical(tuple))};
    std::array<char, kInline> bytes;
    write_canonical(tuple, bytes.data());
    return {digest({bytes.data(), size})};
}

Identity event_identity(const EventOrigin& origin) { return of_event("event", origin); }
Identity late_identity(const EventOrigin& origin) { return of_event("late", origin); }

Identity batch_identity(const EventOrigin& first, const EventOrigin& last) {
    const auto stored = [](const EventOrigin& origin) {
        return std::int64_t{origin.stored_at.time_since_epoch().count()};
    };
    const std::array<Part, 10> tuple = {first.pipeline,
                                        std::uint64_t{first.generation},
                                        std::string_view("results"),
                                        first.stream,
                                        stored(first),
                                        first.sequence,
                                        std::uint64_t{first.element},
                                        stored(last),
                                        last.sequence,
                                        std::uint64_t{last.element}};
    return identity_of(tuple);
}

std::vector<Part> aggregate_tuple(const AggregateOrigin& origin) {
    const Window& window = origin.window;
    std::vector<Part> tuple = {origin.pipeline,
                               std::uint64_t{origin.generation},
                               std::string_view("aggregate"),
                               origin.name,
                               static_cast<std::uint64_t>(window.kind),
                               std::int64_t{window.size.count()},
                               std::int64_t{window.hop.count()},
                               std::int64_t{window.offset.count()},
                               std::int64_t{window.timeout.count()},
                               std::int64_t{window.max_duration.count()},
                               std::int64_t{origin.start.time_since_epoch().count()},
                               std::int64_t{origin.end.time_since_epoch().count()},
                               origin.tenant,
                               origin.partition ? Part(std::uint64_t{*origin.partition}) : Part(nullptr)};
    for (const Value& value : origin.group) std::visit(AddValue{tuple}, value);
    return tuple;
}

Identity aggregate_identity(const AggregateOrigin& origin) { return identity_of(aggregate_tuple(origin)); }

std::string to_hex(const Identity& identity) { return hex(identity.bytes); }

std::optional<Identity> identity_from_hex(std::string_view text) {
    Identity identity;
    if (text.size() != identity.bytes.size() * 2) return std::nullopt;
    for (std::size_t i = 0; i < identity.bytes.size(); ++i) {
        const auto high = digit_value(text[2 * i]);
        const auto low = digit_value(text[2 * i + 1]);
        if (high > 15 || low > 15) return std::nullopt;
        identity.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return identity;
}

}  // namespace millrace::subjects
