// SPDX-License-Identifier: MIT
#include "experiments/protocol_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/closest.h"

// 1: one of the words; -1: one that is not built yet; 0: neither. The nearest goes to best.
static int among(const char *words, const char *value, char best[64]) {
    const char *nearest = NULL;
    char word[64];
    for (const char *at = words; *at != '\0';) {
        size_t bytes = strcspn(at, " ");
        bool later = at[0] == '!';
        snprintf(word, sizeof word, "%.*s", (int)(bytes - later), at + later);
        if (strcmp(word, value) == 0) return later ? -1 : 1;
        nearest = best[0] != '\0' ? best : NULL;
        closest_offer(&nearest, value, word);
        if (nearest == word) memcpy(best, word, sizeof word);
        at += bytes + (at[bytes] == ' ');
    }
    return 0;
}

static void list_words(const char *words, char *text, size_t size) {
    size_t n = 0;
    for (const char *at = words; *at != '\0' && n + 1 < size; at++) {
        if (*at == '!') { // not built yet: not offered
            at += strcspn(at, " ");
            if (*at == '\0') break;
            continue;
        }
        if (*at == ' ' && at[1] == '!') continue;
        text[n++] = *at;
    }
    while (n > 0 && text[n - 1] == ' ') n--;
    text[n] = '\0';
}

static int bad_word(const struct reader *r, int line, const struct value_rule *rule,
                    const char *text) {
    char best[64] = "", all[256];
    int known = among(rule->words, text, best);
    if (known < 0)
        return protocol_fail(r, NOT_BUILT, line, "%s '%s' is not built yet", rule->name, text);
    list_words(rule->words, all, sizeof all);
    if (best[0] != '\0')
        return protocol_fail(r, BAD_PROTOCOL, line,
                             "unknown %s '%s'; did you mean '%s'? There are: %s", rule->name, text,
                             best, all);
    return protocol_fail(r, BAD_PROTOCOL, line, "unknown %s '%s'; there are: %s", rule->name, text,
                         all);
}

int protocol_value(const struct reader *r, int line, const struct value_rule *rule,
                   const char *text, long long *number) {
    char best[64] = "", *end = NULL;
    switch (rule->type) {
    case VALUE_later:
        return protocol_fail(r, NOT_BUILT, line, "%s is not built yet", rule->name);
    case VALUE_word:
        return among(rule->words, text, best) > 0 ? 0 : bad_word(r, line, rule, text);
    case VALUE_text:
        return text[0] != '\0' ? 0
                               : protocol_fail(r, BAD_PROTOCOL, line, "%s is empty", rule->name);
    case VALUE_number:
        break;
    }
    errno = 0;
    *number = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || *number < rule->low ||
        *number > rule->high)
        return protocol_fail(r, BAD_PROTOCOL, line, "%s '%s' is no whole number from %lld to %lld",
                             rule->name, text, rule->low, rule->high);
    return 0;
}

bool protocol_split(char *word, char **key, char **value) {
    char *equals = strchr(word, '=');
    if (equals == NULL || equals == word || equals[1] == '\0') return false;
    *equals = '\0';
    *key = word;
    *value = equals + 1;
    return true;
}

const struct value_rule *protocol_rule(const struct value_rule *rules, size_t count,
                                       const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(rules[i].name, name) == 0) return &rules[i];
    return NULL;
}

int protocol_unknown(const struct reader *r, int code, int line, const char *what, const char *name,
                     const struct value_rule *rules, size_t count) {
    const char *best = NULL;
    char all[512] = "";
    for (size_t i = 0; i < count; i++) {
        closest_offer(&best, name, rules[i].name);
        if (rules[i].type != VALUE_later && strlen(all) + strlen(rules[i].name) + 2 < sizeof all)
            strcat(strcat(all, all[0] == '\0' ? "" : " "), rules[i].name);
    }
    if (best != NULL)
        return protocol_fail(r, code, line, "unknown %s '%s'; did you mean '%s'?", what, name,
                             best);
    return protocol_fail(r, code, line, "unknown %s '%s'; there are: %s", what, name, all);
}
