// What the settings mean to tenants. Pure.
#pragma once

#include "bridge/settings/settings.h"
#include "subjects/permissions.h"

namespace millrace::app {

// Requires: settings that were loaded, so that each subject is a template.
subjects::Tenancy tenancy_of(const settings::Settings& settings);

}  // namespace millrace::app
