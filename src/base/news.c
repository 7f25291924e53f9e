// SPDX-License-Identifier: GPL-2.0-or-later
// The table of what is told.
#include "base/news.h"

const struct news_entry news_table[NEWS_KINDS] = {
    [NEWS_BAN] = {"ban", "ab3d65967cae4a408afa328fcdf6ab9f", "somebody is banned"},
    [NEWS_UNBAN] = {"unban", "15a44323142945c7b6627a642857aab7", "a ban has ended"},
    [NEWS_WOULD_BAN] = {"would-ban", "f141c0f44789488fa785b0cddceb54f7", "somebody would be banned where bans are only observed"},
    [NEWS_GUESSED] = {"guessed", "6a2033e69cc94527868d444e43f3b60d", "somebody got in as an account that he had failed as before"},
    [NEWS_SPRAYED] = {"sprayed", "e8f24302068f4891a9b3de5d02205d62", "one account is tried from many addresses"},
    [NEWS_HOOK] = {"hook", "f75514528e5145208eb6dc76f37166b8", "others took hook or entries out of the kernel"},
    [NEWS_RULESET] = {"ruleset", "25f282bf51a744c58f92a2a36881b00a", "others took rules out of the base ruleset"},
    [NEWS_RULESET_BACK] = {"ruleset-back", "509c06b43c1142c2b52ebaf2ad635f33", "the base ruleset stands again"},
    [NEWS_FULL] = {"full", "6c9a5e1065d84e45b4209f4d2faa9a18", "a set is full"},
    [NEWS_SOURCE] = {"source", "b429ac9ad96b4ce9b1a3d2f07b193184", "a log cannot be read"},
    [NEWS_SOURCE_BACK] = {"source-back", "d4e3296f5f7d48efa37c6c6f28eb7f88", "it can be read again"},
    [NEWS_DEGRADED] = {"degraded", "d5a8a213088c41c38617371fe7cf7dcd", "a part of the service does not work"},
    [NEWS_DEGRADED_OVER] = {"degraded-over", "e28cbd5540e04717b5b973633cfa9fbc", "it works again"},
    [NEWS_SURGE] = {"surge", "545fc3e4034b4b1e8d93c0dc6a7ede9c", "far more connections, failures or bytes than this server is used to"},
    [NEWS_SURGE_OVER] = {"surge-over", "6125a74d01cc4009a0bb45b14800ecdf", "as many again as it is used to"},
    [NEWS_TEST] = {"test", NULL, "an action is tried"},
    [NEWS_LIST] = {"list", NULL, "all bans in force follow"},
    [NEWS_HELD] = {"held", NULL, "one of them"},
    [NEWS_LISTED] = {"listed", NULL, "those were all"},
};

bool news_find(struct str name, enum news_kind *ret)
{
    for (unsigned i = 0; i < NEWS_KINDS; i++)
        if (str_eq(name, str_of(news_table[i].name))) {
            *ret = (enum news_kind)i;
            return true;
        }
    return false;
}
