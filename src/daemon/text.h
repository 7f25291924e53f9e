// SPDX-License-Identifier: GPL-2.0-or-later
// Where base/text.h is known as daemon/text.h.
#include "base/text.h"
