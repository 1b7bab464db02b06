#include "auth/nats_context.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace millrace::auth {
namespace {

std::string complaint(const std::string& text) {
    const auto context = parse_nats_context(text);
    return context ? "" : context.error().text;
}

}  // namespace

TEST_CASE("NATS context: what it says is taken, what is empty or for people is not") {
    const auto context = parse_nats_context(R"({
  "description": "hub", "url": "nats://a,nats://b:1", "socks_proxy": "", "token": "", "user": "bridge",
  "password": "p&\u0026\u00e4\\\"", "creds": "", "nkey": "/n", "cert": "/c", "key": "/k", "ca": "/a", "nsc": "",
  "jetstream_domain": "hub", "jetstream_api_prefix": "", "jetstream_event_prefix": "x", "inbox_prefix": "_I",
  "user_jwt": "", "user_seed": "", "color_scheme": "blue", "tls_first": true, "windows_cert_store": "",
  "windows_cert_match_by": "", "windows_cert_match": "", "windows_ca_certs_match": null, "later": "", "and": [], "x": false})");
    REQUIRE(context);
    CHECK(context->url == "nats://a,nats://b:1");
    CHECK(context->user == "bridge");
    CHECK(context->password.reveal() == "p&&\u00e4\\\"");
    CHECK(context->nkey == "/n");
    CHECK(context->cert == "/c");
    CHECK(context->key == "/k");
    CHECK(context->ca == "/a");
    CHECK(context->jetstream_domain == "hub");
    CHECK(context->inbox_prefix == "_I");
    CHECK(context->tls_first);
    CHECK(context->token.empty());
    CHECK(parse_nats_context("{}"));
}

TEST_CASE("NATS context: what is none is refused without a word of it") {
    const std::string none =
        "is no context (one JSON object of at most 64 KiB, each member once, as nats context save writes it)";
    for (const std::string& text :
         std::vector<std::string>{"", "[]", "\"canary\"", "{", R"({"token": "canary"} x)", R"({"token": "canary",})",
                                  R"({"token": "a", "token": "canary"})", "url: canary", "{\"token\": \"\xff\"}",
                                  "{\"token\": \"" + std::string(kLongestNatsContext, 'x') + "\"}"})
        CHECK(complaint(text) == none);
    CHECK(complaint(R"({"url": 1})") == "url: is no text (write it in quotes)");
    CHECK(complaint(R"({"password": ["canary"]})") == "password: is no text (write it in quotes)");
    CHECK(complaint(R"({"password": "a\u0000b"})") == "password: has a NUL character in it");
    CHECK(complaint(R"({"tls_first": "yes"})") == "tls_first: is neither true nor false");
    const std::string unknown =
        ": is not known here, and may change what the others mean (remove it, or make a context without it)";
    CHECK(complaint(R"({"URL": "nats://a"})") == "URL" + unknown);
    CHECK(complaint(R"({"proxy": {"a": 1}})") == "proxy" + unknown);
    CHECK(complaint(R"({"a canary": 1})") == "a member" + unknown);
}

TEST_CASE("NATS context: an error names the file") {
    const auto path =
        (std::filesystem::temp_directory_path() / ("millrace-ctx-" + std::to_string(::getpid()))).string();
    const auto what = [&] {
        const auto context = read_nats_context(path);
        return context ? context->url : context.error().text;
    };
    CHECK(what() == "NATS context \"" + path + "\" cannot be read: No such file or directory");
    std::ofstream(path) << R"({"url": 1})";
    CHECK(what() == "NATS context \"" + path + "\": url: is no text (write it in quotes)");
    std::ofstream(path) << R"({"url": "nats://a"})";
    CHECK(what() == "nats://a");
    std::filesystem::remove(path);
}

}  // namespace millrace::auth
