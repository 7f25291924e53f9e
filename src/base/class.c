// SPDX-License-Identifier: GPL-2.0-or-later
// The words for the classes of outcome, as filters, configuration and output write them.
#include "base/class.h"

const char *const class_names[CLASS_MAX] = {
    [CLASS_AUTH] = "auth",
    [CLASS_REFUSED] = "refused",
    [CLASS_PROBE] = "probe",
    [CLASS_FAULT] = "fault",
};
