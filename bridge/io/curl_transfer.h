// CurlTransfer: one easy handle and what one request at a time needs beside it: the body being sent, the answer as it
// arrives, and its caps. Used by CurlEndpoint alone, on its thread; pooled and used again.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "bridge/io/gzip.h"
#include "bridge/ports/endpoint.h"

using CURL = void;  // as libcurl declares it outside its own build
struct curl_slist;

namespace millrace::io {

class CurlTransfer {
  public:
    // Sets the options that are the same for every request.
    explicit CurlTransfer(ports::TlsFiles tls);
    ~CurlTransfer();
    CurlTransfer(const CurlTransfer&) = delete;
    CurlTransfer& operator=(const CurlTransfer&) = delete;

    // Makes the handle ready to be added to a multi. The request's headers have been found sendable.
    void begin(ports::HttpRequest request);
    // The answer, given libcurl's result code; the transfer can begin anew.
    ports::HttpResponse finish(int code);
    // Forgets the request.
    void abandon();

    [[nodiscard]] CURL* easy() const { return easy_; }
    // The requests it is for.
    [[nodiscard]] const ports::TlsFiles& tls() const { return tls_; }

    // Why a request cannot be sent as it is, empty when it can: a header that would break the request's framing.
    static std::string refusal(const ports::HttpRequest& request);

  private:
    static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
    bool take_header(std::string_view line);
    bool take_body(std::string_view part);
    bool unpack(std::string_view part);
    [[nodiscard]] bool is_torn() const;
    [[nodiscard]] ports::Transport judge(int code) const;

    const ports::TlsFiles tls_;
    CURL* easy_;
    curl_slist* headers_ = nullptr;
    ports::HttpRequest request_;
    ports::HttpResponse response_;
    std::size_t header_bytes_ = 0;
    bool in_header_ = false;  // between a status line and the blank line; trailers are outside
    bool oversized_ = false;
    std::unique_ptr<Gunzip> gunzip_;  // of an answer that comes packed
    bool broken_ = false;             // it cannot be unpacked
    std::array<char, 256> error_{};   // CURL_ERROR_SIZE
};

}  // namespace millrace::io
