#include "bridge/io/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "bridge/base/check.h"

namespace millrace::io {
namespace {

constexpr int kGzip = 15 + 16;  // the largest window, and the gzip header instead of zlib's
constexpr int kMemory = 8;
constexpr int kFast = 1;  // rows are numbers and repeated names: more effort gains little and costs much

// zlib reads through a pointer that is not const, and does not write.
Bytef* bytes_of(std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }

}  // namespace

std::string gzip(std::string_view text) {
    z_stream stream{};
    const int begun = deflateInit2(&stream, kFast, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY);
    MILLRACE_CHECK(begun == Z_OK, "memory for zlib");
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = bytes_of(text);
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int ended = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    MILLRACE_CHECK(ended == Z_STREAM_END, "deflateBound is a bound");
    return packed;
}

struct Gunzip::State {
    z_stream stream{};
    std::uint64_t packed = 0;
    std::uint64_t unpacked = 0;
    bool ended = false;  // at the end of a member
};

Gunzip::Gunzip() : state_(std::make_unique<State>()) {
    MILLRACE_CHECK(inflateInit2(&state_->stream, kGzip) == Z_OK, "memory for zlib");
}
Gunzip::~Gunzip() { inflateEnd(&state_->stream); }

Gunzip::Fed Gunzip::feed(std::string_view part, std::string& out, std::uint64_t most) {
    State& s = *state_;
    s.packed += part.size();
    s.stream.next_in = bytes_of(part);
    s.stream.avail_in = static_cast<uInt>(part.size());
    std::array<char, 16 << 10> room;
    while (s.stream.avail_in > 0 || s.stream.avail_out == 0) {
        // A file of several members is their texts one behind the other.
        if (s.ended && s.stream.avail_in == 0) break;
        if (s.ended) inflateReset(&s.stream);
        s.stream.next_out = reinterpret_cast<Bytef*>(room.data());
        s.stream.avail_out = static_cast<uInt>(room.size());
        const int got = inflate(&s.stream, Z_NO_FLUSH);
        if (got != Z_OK && got != Z_STREAM_END && got != Z_BUF_ERROR) return Fed::broken;
        s.ended = got == Z_STREAM_END;
        const std::size_t made = room.size() - s.stream.avail_out;
        s.unpacked += made;
        if (made > most - std::min<std::uint64_t>(most, out.size())) return Fed::too_much;
        if (s.unpacked > kHarmless && s.unpacked > kMostRatio * s.packed) return Fed::too_much;
        out.append(room.data(), made);
        if (got == Z_BUF_ERROR && made == 0) break;
    }
    return Fed::well;
}

bool Gunzip::is_whole() const { return state_->ended; }

}  // namespace millrace::io
