#include "bridge/io/curl_transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "auth/secret_file.h"
#include "auth/vault_reference.h"
#include "bridge/base/check.h"
#include "bridge/base/header.h"

namespace millrace::io {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64 << 10;
// How long an address is used for new connections without asking for the name again; libcurl's own minute would be a
// minute at the old address after a fail-over. Names are seldom needed, since connections are kept.
constexpr long kNameSeconds = 5;
static_assert(CURL_ERROR_SIZE == 256);

// Every option counts: one that does not take would leave a hole in the hardening.
template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
    MILLRACE_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK, "libcurl takes the option");
}

void harden(CURL* easy, const ports::TlsFiles& tls) {
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_PROXY, "");  // not even from the environment
    set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!tls.ca_file.empty()) set(easy, CURLOPT_CAINFO, tls.ca_file.c_str());
    if (tls.certificate_file.empty()) return;
    set(easy, CURLOPT_KEYPASSWD, "");  // an encrypted key must not ask a terminal
    set(easy, CURLOPT_SSL_SESSIONID_CACHE,
        0L);  // a session resumed would be somebody else's, or an older certificate's
}

// What is in a vault never touches the disk. Set for each request, since it may be another than for the last one;
// libcurl tells its connections apart by what is in it.
void show(CURL* easy, const std::string& source, CURLoption as_file, CURLoption as_bytes) {
    if (!auth::is_vault_reference(source)) return set(easy, as_file, source.c_str());
    const auto bytes = auth::read_secret_bytes(source, "certificate");
    if (!bytes) return;  // the server will say that none was shown
    curl_blob blob{const_cast<char*>(bytes->reveal().data()), bytes->reveal().size(), CURL_BLOB_COPY};
    set(easy, as_bytes, &blob);
}

void tune(CURL* easy) {
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_QUICK_EXIT, 1L);  // a hanging resolver thread must not block the shard
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_DNS_CACHE_TIMEOUT, kNameSeconds);
    set(easy, CURLOPT_BUFFERSIZE, 64L << 10);
    set(easy, CURLOPT_USERAGENT, "millrace/" MILLRACE_VERSION);
}

long milliseconds(Duration duration) {
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
    return static_cast<long>(std::clamp<std::int64_t>(rounded, 1, 1L << 30));  // 0 would mean no limit
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool is_token(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
        return c > ' ' && c < 0x7f &&
               std::string_view("()<>@,;:\\\"/[]?={}").find(static_cast<char>(c)) == std::string_view::npos;
    });
}

bool is_field_value(std::string_view value) {
    return std::ranges::all_of(value, [](unsigned char c) { return c == '\t' || (c >= ' ' && c != 0x7f); });
}

void append(curl_slist*& list, const std::string& line) {
    curl_slist* longer = curl_slist_append(list, line.c_str());
    MILLRACE_CHECK(longer != nullptr, "memory for a header");
    list = longer;
}

curl_slist* header_list(const ports::HttpRequest& request) {
    curl_slist* list = nullptr;
    append(list, "Expect:");  // no 100-continue round trip
    bool typed = false;
    bool accepts = false;
    for (const auto& [name, value] : request.headers) {
        typed = typed || lower(name) == "content-type";
        accepts = accepts || lower(name) == "accept-encoding";
        append(list, value.empty() ? name + ";" : name + ": " + value);
    }
    if (!typed) append(list, "Content-Type:");  // libcurl would call it a form
    if (!accepts) append(list, "Accept-Encoding: gzip");
    if (request.gzip && !request.get) append(list, "Content-Encoding: gzip");
    return list;
}

}  // namespace

CurlTransfer::CurlTransfer(ports::TlsFiles tls) : tls_(std::move(tls)), easy_(curl_easy_init()) {
    MILLRACE_CHECK(easy_ != nullptr, "libcurl gives a handle");
    harden(easy_, tls_);
    tune(easy_);
    set(easy_, CURLOPT_PRIVATE, this);
    set(easy_, CURLOPT_ERRORBUFFER, error_.data());
    set(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
    set(easy_, CURLOPT_HEADERDATA, this);
    set(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
    set(easy_, CURLOPT_WRITEDATA, this);
}

CurlTransfer::~CurlTransfer() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
}

std::string CurlTransfer::refusal(const ports::HttpRequest& request) {
    for (const auto& [name, value] : request.headers) {
        if (!is_token(name)) return "a request header's name is not a token: nothing was sent";
        if (!is_field_value(value)) return "request header " + name + " holds a control character: nothing was sent";
    }
    return {};
}

void CurlTransfer::begin(ports::HttpRequest request) {
    request_ = std::move(request);
    response_ = {};
    response_.id = request_.id;
    header_bytes_ = 0;
    in_header_ = oversized_ = broken_ = false;
    gunzip_.reset();
    if (request_.gzip && !request_.get) request_.body = gzip(request_.body);
    error_[0] = '\0';
    headers_ = header_list(request_);
    if (!tls_.certificate_file.empty()) {
        show(easy_, tls_.certificate_file, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB);
        show(easy_, tls_.key_file, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB);
    }
    set(easy_, CURLOPT_HTTPHEADER, headers_);
    set(easy_, CURLOPT_URL, request_.url.c_str());
    if (request_.get) {
        set(easy_, CURLOPT_HTTPGET, 1L);
    } else {
        set(easy_, CURLOPT_POST, 1L);
        set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(easy_, CURLOPT_POSTFIELDS, request_.body.data());
    }
    set(easy_, CURLOPT_MAXFILESIZE_LARGE,
        static_cast<curl_off_t>(std::max<std::uint64_t>(request_.max_response_bytes, 1)));
    set(easy_, CURLOPT_TIMEOUT_MS, milliseconds(request_.timeout));
    set(easy_, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request_.connect_timeout));
}

// A connection that could not be made in time is no evidence about the request, so it is `unreachable`.
ports::Transport CurlTransfer::judge(int code) const {
    if (oversized_ || broken_ || code == CURLE_FILESIZE_EXCEEDED) return ports::Transport::oversized;
    // libcurl is content with headers that end in the middle of the connection's last line.
    if (code == CURLE_OK && is_torn()) return ports::Transport::oversized;
    if (code == CURLE_OK) return in_header_ ? ports::Transport::unreachable : ports::Transport::answered;
    if (code == CURLE_OUT_OF_MEMORY && in_header_)
        return ports::Transport::oversized;  // a line above libcurl's own cap
    if (code != CURLE_OPERATION_TIMEDOUT) return ports::Transport::unreachable;
    curl_off_t connected = 0;
    curl_easy_getinfo(easy_, CURLINFO_PRETRANSFER_TIME_T, &connected);
    return connected > 0 ? ports::Transport::timed_out : ports::Transport::unreachable;
}

ports::HttpResponse CurlTransfer::finish(int code) {
    response_.transport = judge(code);
    response_.received_at = std::chrono::system_clock::now();
    curl_off_t total = 0;
    curl_easy_getinfo(easy_, CURLINFO_TOTAL_TIME_T, &total);
    response_.elapsed = std::chrono::microseconds(total);
    if (broken_ || (code == CURLE_OK && is_torn())) {
        response_.error = "the answer is no gzip, though it says so";
    } else if (response_.transport == ports::Transport::oversized && gunzip_) {
        response_.error = "the answer unpacks to more than max_response_bytes (" +
                          std::to_string(request_.max_response_bytes) + "), or to more than " +
                          std::to_string(Gunzip::kMostRatio) + " times its size";
    } else if (response_.transport == ports::Transport::oversized) {
        response_.error = "the answer is larger than allowed: " + std::to_string(kMaxHeaderBytes) +
                          " bytes of headers, " + std::to_string(request_.max_response_bytes) +
                          " of body (max_response_bytes)";
    } else if (code == CURLE_OK && in_header_) {
        response_.error = "the connection was closed inside the answer's headers";
    } else if (code != CURLE_OK) {
        response_.error = error_[0] != '\0' ? error_.data() : curl_easy_strerror(static_cast<CURLcode>(code));
    }
    if (response_.transport != ports::Transport::answered) response_.body = {};
    ports::HttpResponse done = std::move(response_);
    abandon();
    return done;
}

void CurlTransfer::abandon() {
    set<curl_slist*>(easy_, CURLOPT_HTTPHEADER, nullptr);
    set<const char*>(easy_, CURLOPT_POSTFIELDS, nullptr);
    curl_slist_free_all(headers_);
    headers_ = nullptr;
    request_ = {};
    response_ = {};
    gunzip_.reset();
}

bool CurlTransfer::take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > kMaxHeaderBytes) return false;
    if (line.starts_with("HTTP/")) {  // a new answer: what an interim one said is void
        in_header_ = true;
        response_.headers.clear();
        const auto space = line.find(' ');
        response_.status = space == std::string_view::npos ? 0 : std::atoi(std::string(line.substr(space)).c_str());
        return true;
    }
    if (trim(line).empty()) in_header_ = false;
    const auto colon = line.find(':');
    if (in_header_ && colon != std::string_view::npos && colon > 0) {
        response_.headers.emplace_back(lower(trim(line.substr(0, colon))), trim(line.substr(colon + 1)));
    }
    return true;
}

// It came whole, and is not.
bool CurlTransfer::is_torn() const { return gunzip_ && !gunzip_->is_whole(); }

bool CurlTransfer::unpack(std::string_view part) {
    if (!gunzip_) gunzip_ = std::make_unique<Gunzip>();
    const auto fed = gunzip_->feed(part, response_.body, request_.max_response_bytes);
    broken_ = fed == Gunzip::Fed::broken;
    return fed == Gunzip::Fed::well;
}

bool CurlTransfer::take_body(std::string_view part) {
    const std::string* encoding = find_header(response_.headers, "content-encoding");
    if (encoding != nullptr && lower(*encoding) == "gzip") return unpack(part);
    if (part.size() > request_.max_response_bytes - response_.body.size()) return false;
    response_.body += part;
    return true;
}

std::size_t CurlTransfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    if (transfer.take_header({bytes, size * count})) return size * count;
    transfer.oversized_ = true;
    return 0;
}

std::size_t CurlTransfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    if (transfer.take_body({bytes, size * count})) return size * count;
    transfer.oversized_ = !transfer.broken_;
    return 0;
}

}  // namespace millrace::io
