#include "bridge/protocols/status.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "bridge/base/header.h"

namespace millrace::protocols {
namespace {

struct Row {
    int status;
    Outcome outcome;
    std::string_view text;
};

// Rows that say misconfigured are there for their words; a status without a row is misconfigured as well.
constexpr std::array kTable = {
    Row{200, Outcome::scored, "OK"},
    Row{202, Outcome::misconfigured, "Accepted, which is no answer yet"},
    Row{204, Outcome::misconfigured, "No Content"},
    Row{301, Outcome::misconfigured, "Moved Permanently"},
    Row{302, Outcome::misconfigured, "Found elsewhere"},
    Row{303, Outcome::misconfigured, "See Other"},
    Row{307, Outcome::misconfigured, "Temporary Redirect"},
    Row{308, Outcome::misconfigured, "Permanent Redirect"},
    Row{400, Outcome::rejected, "Bad Request"},
    Row{401, Outcome::unauthorized, "Unauthorized"},
    Row{402, Outcome::misconfigured, "Payment Required"},
    Row{403, Outcome::misconfigured, "Forbidden"},
    Row{404, Outcome::misconfigured, "Not Found"},
    Row{405, Outcome::misconfigured, "Method Not Allowed"},
    Row{408, Outcome::timed_out, "Request Timeout"},
    Row{409, Outcome::misconfigured, "Conflict"},
    Row{413, Outcome::too_large, "Content Too Large"},
    Row{415, Outcome::misconfigured, "Unsupported Media Type"},
    Row{422, Outcome::rejected, "Unprocessable Content"},
    Row{424, Outcome::failed, "Failed Dependency"},  // see model_outcome
    Row{425, Outcome::failed, "Too Early"},
    Row{429, Outcome::throttled, "Too Many Requests"},
    Row{500, Outcome::failed, "Internal Server Error"},  // see outcome_of
    Row{501, Outcome::misconfigured, "Not Implemented"},
    Row{502, Outcome::failed, "Bad Gateway"},
    Row{503, Outcome::throttled, "Service Unavailable"},
    Row{504, Outcome::timed_out, "Gateway Timeout"},
};

const Row* find(int status) {
    const auto row = std::ranges::find(kTable, status, &Row::status);
    return row == kTable.end() ? nullptr : &*row;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// A status of three digits.
std::optional<int> as_status(std::string_view text) {
    text = trimmed(text);
    int status = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
    if (error != std::errc() || end != text.data() + text.size() || status < 100 || status > 599) return std::nullopt;
    return status;
}

// What the container's own status says behind a 424.
Outcome model_outcome(int inner) {
    if (inner == 429 || inner == 503) return Outcome::throttled;
    if (inner >= 500) return Outcome::model_raised;
    if (inner >= 400) return Outcome::rejected;
    return Outcome::misconfigured;
}

bool says_true(std::string_view text) {
    return std::ranges::equal(trimmed(text), std::string_view("true"),
                              [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; });
}

}  // namespace

Outcome outcome_of(int status, std::span<const Header> headers) {
    if (status == 424) {
        if (const auto inner = as_status(header_or_empty(headers, kModelStatusHeader))) return model_outcome(*inner);
    }
    if (status == 500 && says_true(header_or_empty(headers, kModelRaisedHeader))) return Outcome::model_raised;
    const Row* row = find(status);
    return row == nullptr ? Outcome::misconfigured : row->outcome;
}

std::string_view status_text(int status) {
    const Row* row = find(status);
    return row == nullptr ? std::string_view() : row->text;
}

}  // namespace millrace::protocols
