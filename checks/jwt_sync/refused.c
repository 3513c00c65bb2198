#include "checks/jwt_sync/refused.h"

#include "checks/jwt_sync/holders.h"

#include <inttypes.h>
#include <string.h>

/* Words by which services say why, lower case or not. More telling rows come first:
 * "service authentication failed: token expired" is about the service. */
enum { UNREACHABLE, CREDENTIAL, ADDRESS, TIME, OTHER_SECRET };

static const struct cause {
    const char *words[8];
    const char *finding, *remedy;
} causes[] = {
    [UNREACHABLE] =
        {{"unreachable", "unavailable", "timed out", "timeout", "connect", "resolve"},
         "cannot reach auth, which it asks whether a token is good",
         "see the backend's setting of auth's URL, and the network between the two"},
    [CREDENTIAL] = {{"service auth", "service cred", "service secret", "service id",
                     "service-secret"},
                    "is refused by auth as a service: its service credential is wrong",
                    "give the backend and auth the same service credential; their JWT "
                    "secret is right"},
    [ADDRESS] = {{"issuer", "audience"},
                 "wants another issuer or audience",
                 "set issuer and audience of the backend to those that auth issues"},
    [TIME] = {{"expired", "not yet valid", "in the future", "(iat)", "(nbf)"},
              "takes a fresh token for one out of its time",
              "set the clock of the backend's machine (NTP), and see its leeway"},
    [OTHER_SECRET] =
        {{"signature verif", "signature check", "invalid signature", "bad signature",
          "signature is", "signature mismatch"},
         "runs with another secret: it cannot verify the signature of a sound token",
         "give the backend the canonical secret, and redeploy it: instances keep an "
         "older "
         "one"},
};

static const struct cause *cause_of(const char *detail)
{
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        for (const char *const *word = causes[i].words; *word; word++) {
            if (strcasestr(detail, *word)) {
                return &causes[i];
            }
        }
    }
    return NULL;
}

void refused_by_backend(const struct shown *shown, bool same, struct result *result)
{
    int64_t skew = shown->skew / 1000, apart = skew < 0 ? -skew : skew;
    const struct cause *cause = cause_of(shown->detail);
    if (apart > REFUSED_LEEWAY) {
        result_set(result, STATE_FAIL, "set the clock of the backend's machine (NTP)",
                   "the backend refuses a sound token (%d): its clock is %" PRId64
                   " s %s ours",
                   shown->status, apart, skew < 0 ? "behind" : "ahead of");
    } else if (cause) {
        result_set(result, STATE_FAIL, cause->remedy, "the backend %s (%d: %s)",
                   cause->finding, shown->status, shown->detail);
        if (cause == &causes[OTHER_SECRET]) {
            holders_mismatch(result, "backend");
        }
    } else {
        result_set(
            result, STATE_FAIL,
            same ? "redeploy the backend: its instances may hold an older secret; else "
                   "see its service credential at auth"
                 : "give the backend the canonical secret and redeploy it; else see its "
                   "service credential at auth",
            "the backend rejects a token that verifies under the canonical secret (%d)",
            shown->status);
    }
}

void refused_by_validate(const char *service, const struct shown *shown,
                         struct result *result)
{
    const struct cause *cause = cause_of(shown->detail);
    bool credential = shown->status != 200 || cause == &causes[CREDENTIAL];
    const char *colon = *shown->detail ? ": " : "";
    if (credential) {
        result_set(result, STATE_FAIL,
                   "correct the service credential in services.NAME.validate.headers, "
                   "and see whether the backend sends the same",
                   "%s refuses the service credential (%d%s%s)", service, shown->status,
                   colon, shown->detail);
    } else {
        result_set(result, STATE_FAIL,
                   "redeploy it: its instances may hold different secrets or settings",
                   "%s does not vouch for a token that verifies under the canonical "
                   "secret%s%s",
                   service, colon, shown->detail);
    }
}
