#include "auth/vault_reference.h"

#include <algorithm>
#include <cstddef>

namespace millrace::auth {

namespace {

constexpr std::string_view kScheme = "keyvault://";
constexpr std::string_view kPublicCloud = "vault.azure.net";
constexpr std::string_view kForm = " (write keyvault://VAULT/SECRET, or keyvault://VAULT/SECRET/VERSION)";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

bool has_only_names_characters(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_bare_name(std::string_view text) {
    return text.size() >= 3 && text.size() <= 24 && is_letter(text.front()) && is_alphanumeric(text.back()) &&
           has_only_names_characters(text) && !text.contains("--");
}

bool is_domain(std::string_view text) {
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('.', at), text.size());
        const std::string_view label = text.substr(at, end - at);
        if (label.empty() || label.size() > 63 || !has_only_names_characters(label)) return false;
        at = end + 1;
    }
    return text.size() <= 200 && text.contains('.');
}

bool is_secret_name(std::string_view text) {
    return !text.empty() && text.size() <= 127 && has_only_names_characters(text);
}

bool is_version(std::string_view text) { return text.size() == 32 && std::ranges::all_of(text, is_alphanumeric); }

std::unexpected<Error> refused(std::string_view rule) {
    return fail(ErrorCode::invalid, std::string(rule) + std::string(kForm));
}

}  // namespace

bool is_vault_name(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) return is_bare_name(text);
    return is_bare_name(text.substr(0, dot)) && is_domain(text.substr(dot + 1));
}

Result<VaultReference> parse_vault_reference(std::string_view text) {
    if (!is_vault_reference(text)) return refused("is no reference to a vault");
    text.remove_prefix(kScheme.size());
    VaultReference found;
    const std::size_t slash = std::min(text.find('/'), text.size());
    found.vault = text.substr(0, slash);
    std::string_view rest = slash < text.size() ? text.substr(slash + 1) : std::string_view();
    const std::size_t second = std::min(rest.find('/'), rest.size());
    found.secret = rest.substr(0, second);
    if (!is_vault_name(found.vault)) {
        return refused(
            "names no vault: 3 to 24 of A-Z a-z 0-9 -, a letter first and no - last or twice, or the host of one");
    }
    if (!is_secret_name(found.secret)) return refused("names no secret: 1 to 127 of A-Z a-z 0-9 -");
    if (second == rest.size()) return found;
    found.version = rest.substr(second + 1);
    if (!is_version(found.version)) return refused("names no version: 32 of A-Z a-z 0-9");
    return found;
}

std::string vault_url(const std::string& vault) {
    return "https://" + vault + (vault.contains('.') ? "" : "." + std::string(kPublicCloud));
}

std::string vault_audience(const std::string& vault) {
    const std::size_t dot = vault.find('.');
    return "https://" + (dot == std::string::npos ? std::string(kPublicCloud) : vault.substr(dot + 1));
}

}  // namespace millrace::auth
