// Document: the state of owned pipelines as one file, for `millrace state export` and `import`.
//
// JSON: `format`, `version`, the pipelines with a head for each partition that has one, and the digest of all that. A
// head is a base with its content inside, in the form of state/head.h as base64, so that there is one form of state
// and one reader of it. White space is of no account; every other byte is.
//
// Pure: values ⇄ text. Text that is damaged or of a later version is ErrorCode::invalid with what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/ids.h"
#include "bridge/base/result.h"
#include "bridge/state/head.h"

namespace millrace::state {

struct PartitionState {
    Partition partition = 0;
    Head head;  // a base without parts
};

struct PipelineState {
    std::string name;
    std::string layout;  // settings::layout in hexadecimal: what the bytes can be read by
    std::vector<PartitionState> partitions;
};

struct Document {
    std::vector<PipelineState> pipelines;
};

std::string write(const Document& document);
Result<Document> read_document(std::string_view text);

}  // namespace millrace::state
