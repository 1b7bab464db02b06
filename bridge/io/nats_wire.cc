#include "bridge/io/nats_wire.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "bridge/base/text.h"

namespace millrace::io {

namespace {

constexpr std::size_t kMaxSubject = 1024;
constexpr std::size_t kMaxHeaderKey = 128;

constexpr bool is_subject_char(char c) { return c > ' ' && c < '\x7f' && c != '*' && c != '>'; }
constexpr bool is_filter_char(char c) { return c > ' ' && c < '\x7f'; }
constexpr bool is_key_char(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").contains(c);
}
constexpr bool is_value_char(char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; }

// Which characters are of a class. Every byte that leaves is looked up, so a table, and no branch for each.
class Class {
  public:
    explicit consteval Class(bool (*has)(char)) {
        for (std::size_t c = 0; c < has_.size(); ++c) has_[c] = has(static_cast<char>(c));
    }
    [[nodiscard]] bool has_all(std::string_view text) const {
        bool all = true;
        for (const char c : text) all &= has_[static_cast<unsigned char>(c)];
        return all;
    }

  private:
    std::array<bool, 256> has_{};
};
constexpr Class kSubject(is_subject_char);
constexpr Class kFilter(is_filter_char);
constexpr Class kKey(is_key_char);
constexpr Class kValue(is_value_char);

bool has_empty_token(std::string_view subject) {
    bool empty = false;
    char before = '.';
    for (const char c : subject) {
        empty |= c == '.' && before == '.';
        before = c;
    }
    return empty || before == '.';
}

bool are_tokens_of(const Class& characters, std::string_view subject) {
    return subject.size() <= kMaxSubject && characters.has_all(subject) && !has_empty_token(subject);
}

template <typename Number>
bool read_whole(std::string_view text, Number& out) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    return error == std::errc() && stop == end && !text.empty();
}

// Takes the part before the next dot off `rest`.
std::string_view next_token(std::string_view& rest) {
    const auto dot = rest.find('.');
    const auto token = rest.substr(0, dot);
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    return token;
}

std::optional<std::string_view> tail_under(std::string_view subject, std::string_view inbox) {
    if (subject.size() <= inbox.size() + 1 || !subject.starts_with(inbox) || subject[inbox.size()] != '.') return {};
    return subject.substr(inbox.size() + 1);
}

// Fraction digits after the seconds, as nanoseconds; moves `rest` behind them.
std::int64_t read_fraction(std::string_view& rest) {
    std::int64_t nanos = 0;
    std::int64_t unit = 100'000'000;
    if (!rest.starts_with('.')) return 0;
    rest.remove_prefix(1);
    while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
        nanos += (rest[0] - '0') * unit;
        unit /= 10;
        rest.remove_prefix(1);
    }
    return nanos;
}

// "Z", "+02:00", "-07:30" as an offset east of UTC.
std::optional<std::chrono::minutes> read_offset(std::string_view rest) {
    if (rest == "Z") return std::chrono::minutes(0);
    int hours = 0;
    int minutes = 0;
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return {};
    if (!read_whole(rest.substr(1, 2), hours) || !read_whole(rest.substr(4, 2), minutes)) return {};
    return std::chrono::minutes((rest[0] == '-' ? -1 : 1) * (hours * 60 + minutes));
}

}  // namespace

bool is_subject_or_filter(std::string_view subject) { return are_tokens_of(kFilter, subject); }
bool is_concrete_subject(std::string_view subject) { return are_tokens_of(kSubject, subject); }

bool is_name_token(std::string_view name) {
    return !name.empty() && name.size() <= 255 &&
           std::ranges::all_of(name, [](char c) { return is_subject_char(c) && c != '.' && c != '/' && c != '\\'; });
}

bool is_wire_header(const Header& header) {
    const auto& [key, value] = header;
    return !key.empty() && key.size() <= kMaxHeaderKey && kKey.has_all(key) && kValue.has_all(value);
}

std::size_t header_block_size(const std::vector<Header>& headers) {
    if (headers.empty()) return 0;
    std::size_t size = std::string_view("NATS/1.0\r\n\r\n").size();
    for (const auto& [key, value] : headers) size += key.size() + value.size() + std::string_view(": \r\n").size();
    return size;
}

std::string api_prefix(const settings::Nats& nats) {
    if (!nats.api_prefix.empty()) {
        const std::string& given = nats.api_prefix;
        return given.ends_with('.') ? given.substr(0, given.size() - 1) : given;
    }
    return nats.jetstream_domain.empty() ? "$JS.API" : "$JS." + nats.jetstream_domain + ".API";
}

std::string inbox_prefix(const settings::Nats& nats) {
    if (nats.inbox_prefix.empty()) return "_INBOX";
    const std::string& given = nats.inbox_prefix;
    return given.ends_with('.') ? given.substr(0, given.size() - 1) : given;
}

std::string json_string(std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
}

std::string rfc3339(ServerTime time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss<Duration> clock(time - day);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09lldZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()), static_cast<long long>(clock.subseconds().count()));
    return text;
}

std::optional<ServerTime> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    int y = 0;
    unsigned mo = 0, d = 0;
    int h = 0, mi = 0, s = 0;
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
        return {};
    if (!read_whole(text.substr(0, 4), y) || !read_whole(text.substr(5, 2), mo) || !read_whole(text.substr(8, 2), d) ||
        !read_whole(text.substr(11, 2), h) || !read_whole(text.substr(14, 2), mi) || !read_whole(text.substr(17, 2), s))
        return {};
    std::string_view rest = text.substr(19);
    const auto nanos = read_fraction(rest);
    const auto offset = read_offset(rest);
    const year_month_day date{year(y), month(mo), day(d)};
    // ServerTime holds the years 1678 to 2261.
    if (!offset || !date.ok() || y < 1700 || y > 2250) return {};
    return ServerTime(sys_days(date)) + hours(h) + minutes(mi) + seconds(s) + nanoseconds(nanos) - *offset;
}

std::string pull_body(const PullRequest& request) {
    std::string body = "{\"batch\":" + std::to_string(request.batch);
    if (request.max_bytes > 0) body += ",\"max_bytes\":" + std::to_string(request.max_bytes);
    body += ",\"expires\":" + std::to_string(request.expires.count());
    if (request.heartbeat > Duration::zero())
        body += ",\"idle_heartbeat\":" + std::to_string(request.heartbeat.count());
    return body + "}";
}

std::string nak_body(Duration delay) {
    if (delay <= Duration::zero()) return "-NAK";
    return "-NAK {\"delay\":" + std::to_string(delay.count()) + "}";
}

std::string read_body(Read::Which which, std::uint64_t sequence, std::string_view subject) {
    if (which == Read::Which::last) return "{\"last_by_subj\":" + json_string(subject) + "}";
    const std::string at = "{\"seq\":" + std::to_string(std::max<std::uint64_t>(1, sequence));
    return which == Read::Which::at ? at + "}" : at + ",\"next_by_subj\":" + json_string(subject) + "}";
}

std::optional<SlotToken> parse_slot_token(std::string_view subject, std::string_view inbox) {
    auto rest = tail_under(subject, inbox);
    if (!rest) return {};
    SlotToken token;
    const auto partition = next_token(*rest);
    const auto slot = next_token(*rest);
    if (!read_whole(partition, token.partition) || !read_whole(slot, token.slot) || !read_whole(*rest, token.number))
        return {};
    return token;
}

std::optional<std::uint64_t> parse_number_token(std::string_view subject, std::string_view inbox) {
    const auto rest = tail_under(subject, inbox);
    std::uint64_t number = 0;
    if (!rest || !read_whole(*rest, number)) return {};
    return number;
}

}  // namespace millrace::io
