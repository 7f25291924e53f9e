# SPDX-License-Identifier: GPL-2.0-or-later
"""OPNsense: as pfSense."""
from exports_pfsense import VALIDATOR, check, decide, key, read # pylint: disable=unused-import
