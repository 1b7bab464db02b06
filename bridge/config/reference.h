// The field table as a page to read: docs/configuration.md, and an example with every field.
#pragma once

#include <string>

namespace millrace::config {

// docs/configuration.md, word for word; a test compares.
std::string reference_page();
// A configuration with every field in it, which loads; those that cannot stand beside another are comments.
std::string full_example();
// The shortest configuration that does something.
std::string short_example();
// A short one that aggregates and scores nothing.
std::string aggregates_example();

}  // namespace millrace::config
