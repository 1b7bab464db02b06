// The rules for single values of the right type. Each returns the whole text of what is wrong, or nothing. Pure: no
// file is opened and no name resolved here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace::config::rules {

std::optional<std::string> pipeline_name(std::string_view value);
std::optional<std::string> stream_name(std::string_view value);
std::optional<std::string> bucket_name(std::string_view value);
std::optional<std::string> input_subject(std::string_view value);     // a template with {tenant}
std::optional<std::string> tenant_subject(std::string_view value);    // one to publish on, with {tenant}
std::optional<std::string> operator_subject(std::string_view value);  // one to publish on, without {tenant}
std::optional<std::string> subject_prefix(std::string_view value);    // literal tokens
std::optional<std::string> domain(std::string_view value);
std::optional<std::string> context(std::string_view value);  // of the NATS CLI: a name, or a file's absolute path
std::optional<std::string> nats_url(std::string_view value);
std::optional<std::string> http_url(std::string_view value);
std::optional<std::string> token_url(std::string_view value);        // https, or http to loopback
std::optional<std::string> directory_name(std::string_view value);   // of Entra ID: an id or a domain
std::optional<std::string> token_parameter(std::string_view value);  // without those Millrace sets itself
std::optional<std::string> listen_address(std::string_view value);   // HOST:PORT or nothing
std::optional<std::string> file_path(std::string_view value);        // also a reference to a vault
std::optional<std::string> vault_name(std::string_view value);       // of Azure Key Vault
std::optional<std::string> header_name(std::string_view value);      // without those Millrace sets itself
std::optional<std::string> header_value(std::string_view value);     // never repeats the value
std::optional<std::string> field_name(std::string_view value);       // a name or a JSON Pointer
std::optional<std::string> pointer(std::string_view value);          // a JSON Pointer or nothing
std::optional<std::string> select_name(std::string_view value);      // a member of an aggregate's body
std::optional<std::string> tenant_name(std::string_view value);
std::optional<std::string> tenant_pattern(std::string_view value);  // a name with * for any characters
std::optional<std::string> not_empty(std::string_view value);

// The host of a checked URL or address.
std::string_view host_of(std::string_view url);
bool is_loopback(std::string_view host);

}  // namespace millrace::config::rules
