// Contract: where the signature of a protocol's endpoints is to be read, and by which reader.
//
// A Kind says so in a row of its own; here is what the rows come to for one pipeline. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/signature.h"
#include "bridge/settings/settings.h"
#include "bridge/signature/match.h"
#include "bridge/signature/reader.h"

namespace millrace::protocols {

struct Contract {
    // The URL of the document, from the URL requests go to; empty where that one is not as the protocol has it.
    std::string (*url)(std::string_view scoring_url) = nullptr;
    signature::Reader read = nullptr;
    // What the reader is to look for; see its `which`.
    std::string (*which)(const settings::Endpoint& endpoint) = nullptr;
};

// Where the endpoint that answers at `url` publishes its signature; empty where none of its protocol does.
std::string contract_url(const settings::Pipeline& pipeline, const std::string& url);
// What stands there → what it takes. Requires: contract_url is not empty.
Result<Signature> read_contract(const settings::Pipeline& pipeline, std::string_view document);
// What each feature of the pipeline is in the signature, or has to be for the request to carry it.
signature::Match columns_of(const settings::Pipeline& pipeline, const Signature& signature);
// What the form of the pipeline's requests can carry at all, a column for each feature; empty: anything.
std::vector<SignatureField> carried(const settings::Pipeline& pipeline);
// Why requests of rows that are made for `rows_for` are not what `taken` says; empty when they are, or nobody knows.
std::string misfit(const settings::Pipeline& pipeline, const Signature& rows_for, const Signature& taken);
// What a person can do where no signature could be read.
inline constexpr std::string_view kNoSignature =
    "events go to it unchecked (write endpoint.signature, or signature: none to have it so)";

// "http://host/a/b?c" → "http://host/a/b" and the path of a URL, "/a/b".
std::string_view without_query(std::string_view url);
std::string_view path_of(std::string_view url);

}  // namespace millrace::protocols
