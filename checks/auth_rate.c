/* Do logins succeed? Two figures. Probe: our own logins within the window, of which every
 * one must have succeeded, so that a quiet environment can be green and a broken one
 * cannot. Users: the counters of a service, less our own logins where it counts them and
 * less users' own mistakes; they close the gate when even the upper bound of their
 * success rate is below the objective. Few users are a note, never "100 %". */
#include "board/check.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "board/board.h"
#include "checks/absent.h"
#include "checks/login.h"

#include <math.h>
#include <stdlib.h>

/* Up to here a double counts one by one (2^53); beyond, sums and shares go astray. */
static const double MOST = 9007199254740992.0;

/* What the board knew when the job began. */
struct known {
    unsigned attempts, succeeded; /* our own within the window, as far as they count */
    bool has_first, has_last;     /* what users' counters said within it */
    bool restarted;               /* and that they went backwards in between */
    struct reading first, last;
    unsigned since_attempts, since_succeeded; /* our own since the first */
};

/* Users' logins without ours and without their own mistakes. */
struct users {
    double good, total;
    bool windowed; /* else since the service started */
};

/* ---- what the board knows ---- */

static bool went_backwards(const struct reading *before, double good, double total)
{
    return good < before->good || total < before->total;
}

static void look_at_readings(const struct board *board, int64_t now, int64_t window,
                             struct known *known)
{
    size_t kept = board->reading_count < READINGS ? board->reading_count : READINGS;
    for (size_t i = board->reading_count - kept; i < board->reading_count; i++) {
        const struct reading *reading = &board->readings[i % READINGS];
        if (now - reading->at > window) {
            continue;
        }
        if (known->has_last &&
            went_backwards(&known->last, reading->good, reading->total)) {
            known->restarted = true;
        }
        known->last = *reading;
        known->has_last = true;
    }
    known->has_first = board_reading(board, now, window, &known->first);
}

/* Newest first. A failure counts until `enough` later logins have all succeeded: then it
 * is mended, and the board need not stay red until the window has passed. */
static void count_attempts(const struct board *board, int64_t now, int64_t window,
                           unsigned enough, struct known *known)
{
    size_t kept = board->attempt_count < ATTEMPTS ? board->attempt_count : ATTEMPTS;
    for (size_t back = 1; back <= kept; back++) {
        const struct attempt *attempt =
            &board->attempts[(board->attempt_count - back) % ATTEMPTS];
        bool mended = known->attempts >= enough && known->succeeded == known->attempts;
        if (now - attempt->at > window ||
            (mended && attempt->succeeded < attempt->attempts)) {
            return;
        }
        known->attempts += attempt->attempts;
        known->succeeded += attempt->succeeded;
    }
}

static void prepare(const struct board *board, struct job *job)
{
    struct known *known = mem_alloc(sizeof *known);
    job->prepared = known;
    if (!job->section) {
        return;
    }
    int64_t now = clock_now(), window = config_span(job->section, "window");
    count_attempts(board, now, window,
                   (unsigned)config_integer(job->section, "min_attempts"), known);
    look_at_readings(board, now, window, known);
    if (known->has_first) {
        board_attempts(board, now, now - known->first.at, &known->since_attempts,
                       &known->since_succeeded);
    }
}

/* ---- users ---- */

static bool read_counter(const struct answer *answer, const json_t *source,
                         const char *key, double *value, struct result *result)
{
    const char *pointer = config_text(source, key);
    const json_t *counter = json_at(answer->json, pointer);
    *value = json_number_value(counter);
    if (!json_is_number(counter) || !isfinite(*value)) {
        char *remedy = mem_format("correct auth_rate.source.json.%s", key);
        result_set(result, STATE_FAIL, remedy, "%s has no number at %s",
                   config_text(source, "service"), pointer);
        free(remedy);
        return false;
    }
    if (*value < 0 || *value > MOST) {
        result_set(result, STATE_FAIL, "see what the service counts there",
                   "%s counts %g logins at %s", config_text(source, "service"), *value,
                   pointer);
        return false;
    }
    return true;
}

/* The counters as they stand, users' mistakes taken out. */
static bool read_counters(const struct answer *answer, const json_t *source,
                          struct result *result)
{
    double good = 0, total = 0, excluded = 0;
    bool tells = json_object_get(source, "excluded") != NULL;
    if (!read_counter(answer, source, "good", &good, result) ||
        !read_counter(answer, source, "total", &total, result) ||
        (tells && !read_counter(answer, source, "excluded", &excluded, result))) {
        return false;
    }
    result_evidence(result, "counters", "%.0f of %.0f good, %.0f excluded", good, total,
                    excluded);
    if (good + excluded > total) {
        result_set(result, STATE_FAIL, "see what the service counts there",
                   "%s counts more good%s logins than logins: %.0f of %.0f",
                   config_text(source, "service"), tells ? " and excluded" : "",
                   good + excluded, total);
        return false;
    }
    result->has_users = true;
    result->users_good = good;
    result->users_total = total - excluded;
    return true;
}

/* What came since the first reading, once that is enough to tell, or covers half the
 * window: a few seconds of watching say less than the counters as they stand. */
static bool window_tells(const struct job *job, const struct known *known,
                         const struct users *users)
{
    if (!known->has_first) {
        return false;
    }
    double came = users->total - known->first.total;
    return came >= (double)config_integer(job->section, "min_attempts") ||
           clock_now() - known->first.at >= config_span(job->section, "window") / 2;
}

/* A restart within the window leaves all that was counted since then inside it. */
static struct users users_in_window(const struct job *job, struct result *result)
{
    const struct known *known = job->prepared;
    struct users users = {result->users_good, result->users_total, false};
    bool back = known->has_last && went_backwards(&known->last, users.good, users.total);
    if (known->restarted || back) {
        result_note(result,
                    "users' counters went backwards: the service restarted, or another "
                    "instance answered");
    } else if (window_tells(job, known, &users)) {
        users.good -= known->first.good;
        users.total -= known->first.total;
        users.windowed = true;
    }
    return users;
}

/* Our own logins since then, where the service counts them among its users'. */
static void take_out_probes(const struct job *job, const struct known *known,
                            struct users *users)
{
    const json_t *source = json_at(job->section, "/source/json");
    if (!config_bool(source, "counts_probes")) {
        return;
    }
    unsigned ours = users->windowed ? known->since_attempts : known->attempts;
    unsigned good = users->windowed ? known->since_succeeded : known->succeeded;
    users->good = fmax(0, users->good - good);
    users->total = fmax(users->good, users->total - ours);
}

static bool ask_users(const struct job *job, struct users *users, struct result *result)
{
    const json_t *source = json_at(job->section, "/source/json");
    struct request request = {.label = "users",
                              .service = config_text(source, "service"),
                              .path = config_text(source, "path")};
    struct answer answer;
    bool done = request_ask(job, &request, result, &answer) &&
                answer_good(&request, &answer, result) &&
                read_counters(&answer, source, result);
    answer_finish(&answer);
    if (done) {
        *users = users_in_window(job, result);
        take_out_probes(job, job->prepared, users);
    }
    return done;
}

/* The upper end of Wilson's interval at 95 % with correction for continuity (Newcombe
 * 1998, method 4). Without it one failure in twelve would be below 99 %, which chance
 * alone does in one of nine windows. */
static double upper_bound(double good, double total)
{
    const double z = 1.959964, square = z * z;
    double share = good / total, bad = total - good;
    double inner = square + 2 - 1 / total + 4 * share * (bad - 1);
    double upper =
        (2 * good + square + 1 + z * sqrt(fmax(0, inner))) / (2 * (total + square));
    return bad > 0 ? fmin(1, upper) : 1;
}

/* ---- our own logins ---- */

/* In a preflight as many as are missing, and all of them where one failed before; else
 * one where nothing at all is known. */
static unsigned missing_logins(const struct job *job, const struct known *known,
                               unsigned least)
{
    unsigned wanted = job->thorough ? least : 1;
    bool failed = known->succeeded < known->attempts;
    if (failed) {
        return job->thorough ? least : 0;
    }
    return known->attempts < wanted ? wanted - known->attempts : 0;
}

/* ---- the verdict ---- */

struct rate {
    unsigned tried, succeeded; /* our own */
    bool asked;                /* a source of users is configured */
    struct users users;
    double objective, least;
    char window[TEXT_SPAN];
};

static void show_rate(const struct rate *rate, struct result *result)
{
    result_evidence(result, "probe", "%u of %u in %s", rate->succeeded, rate->tried,
                    rate->window);
    result_evidence(result, "objective", "%g %%", rate->objective * 100);
    if (rate->tried) {
        result_figure(result, (double)rate->succeeded / rate->tried);
    }
    if (!rate->asked) {
        return;
    }
    const struct users *users = &rate->users;
    result_evidence(result, "users", "%.0f of %.0f %s%s", users->good, users->total,
                    users->windowed ? "in " : "since the service started",
                    users->windowed ? rate->window : "");
    if (users->total >= rate->least) {
        result_evidence(result, "upper bound", "%.2f %%",
                        upper_bound(users->good, users->total) * 100);
        result_figure(result, users->good / users->total);
    } else if (users->total > 0) {
        result_note(result,
                    "%.0f of %.0f logins of users succeeded: too few to tell a rate",
                    users->good, users->total);
    } else {
        result_note(result, "no logins of users %s%s: they prove nothing yet",
                    users->windowed ? "in " : "since the service started",
                    users->windowed ? rate->window : "");
    }
}

static void judge_rate(const struct rate *rate, struct result *result)
{
    const struct users *users = &rate->users;
    bool few = users->total < rate->least;
    if (rate->succeeded < rate->tried) {
        char *remedy =
            mem_format("see auth_flow; a failure counts until %.0f later logins "
                       "have succeeded: asking again proves them at once",
                       rate->least);
        result_set(result, STATE_FAIL, remedy, "%u of our %u own logins in %s failed",
                   rate->tried - rate->succeeded, rate->tried, rate->window);
        free(remedy);
    } else if (!few && upper_bound(users->good, users->total) < rate->objective) {
        result_set(result, STATE_FAIL, "see in the log of auth why it refuses users",
                   "%.1f %% of users' logins succeed (%.0f of %.0f), below the objective "
                   "of %g %%",
                   users->good / users->total * 100, users->good, users->total,
                   rate->objective * 100);
    } else {
        result_reach(result, RUNG_USABLE);
        if (rate->asked && users->total > 0) {
            result_ok(result, "probe %u/%u, users %.0f/%.0f %s%s", rate->succeeded,
                      rate->tried, users->good, users->total,
                      users->windowed ? "in " : "since the start",
                      users->windowed ? rate->window : "");
        } else {
            result_ok(result, "probe %u/%u in %s%s", rate->succeeded, rate->tried,
                      rate->window, rate->asked ? ", no users" : "");
        }
    }
}

static void ask_rate(const struct job *job, struct result *result)
{
    const struct known *known = job->prepared;
    struct rate rate = {
        .asked = json_at(job->section, "/source/json") != NULL,
        .objective = config_number(job->section, "objective"),
        .least = (double)config_integer(job->section, "min_attempts"),
    };
    int64_t window = config_span(job->section, "window");
    text_span(rate.window, window);
    if (rate.asked && !ask_users(job, &rate.users, result)) {
        return;
    }
    result_reach(result, known->succeeded ? RUNG_AUTHENTICATED : RUNG_CONFIGURED);
    unsigned least = (unsigned)rate.least;
    bool through = login_often(job, missing_logins(job, known, least), result);
    bool mended = result->attempts >= least && result->succeeded == result->attempts;
    rate.tried = result->attempts + (mended ? 0 : known->attempts);
    rate.succeeded = result->succeeded + (mended ? 0 : known->succeeded);
    show_rate(&rate, result);
    if (through) {
        judge_rate(&rate, result);
    }
}

static void ask(const struct job *job, struct result *result)
{
    const struct environment *environment = job->environment;
    if (!config_section(environment, "/auth_flow")) {
        absent_section(job, "auth_flow", result);
    } else if (job->section) {
        ask_rate(job, result);
    } else if (env_class_demands(environment->env_class)) {
        result_set(result, STATE_FAIL, "add \"auth_rate\": {} to the environment",
                   "auth_rate is not configured: nobody looks whether logins succeed");
    } else {
        absent_section(job, "auth_rate", result);
    }
}

static const char *const needs[] = {"config", "auth_flow", "jwt_sync", NULL};

const struct check check_auth_rate = {
    .name = "auth_rate",
    .title = "Auth success rate",
    .help = "our own attempts all succeed, and users' success rate is not below its "
            "objective",
    .section = "/auth_rate",
    .needs = needs,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .prepare = prepare,
    .ask = ask,
};
