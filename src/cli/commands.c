#include "cli/cli.h"

const struct command commands[] = {
    {"check", "[NAME…] [-o text|json|junit] [--wait TIME]",
     "ask every check once and decide", cli_check, false},
    {"deploy",
     "[--release R] [--reason T] [--confirm ENV] [--wait TIME] [--dry-run] [--detach]",
     "run the deploy command, behind the gate", cli_deploy, false},
    {"repair",
     "[NAME] [--reason T] [--confirm ENV] [--dry-run] [--detach] [--without-lease]",
     "run a configured command that mends what is red and ships nothing", cli_repair,
     false},
    {"rollback",
     "[--to RUN|RELEASE] [--reason T] [--confirm ENV] [--dry-run] [--list] "
     "[--without-lease] [--detach]",
     "go back to a release and its configuration; the last known good one unless told",
     cli_rollback, false},
    {"runs",
     "[list|show|attach|replay|cancel|decide|resolve] [RUN] [CHOICE] [--reason T] "
     "[--confirm ENV] [-o text|json]",
     "what was run, and what runs", cli_runs, false},
    {"lock", "--reason T", "let no deploy start until it is lifted", cli_lock, false},
    {"unlock", "--reason T [ID | --lease ID]",
     "lift the lock; another's by its ID, also its lease", cli_unlock, false},
    {"history", "[--since T] [--check NAME] [-o text|json]",
     "in which state each check was, from when to when", cli_history, false},
    {"audit", "list|verify|head [--since T] [--who W] [--release R] [-o text|json]",
     "who did what, chained", cli_audit, false},
    {"secret", "check [-o text|json] | exec [--as NAME]… -- COMMAND…",
     "where each secret comes from and whether they agree; or run a service with the "
     "canonical one",
     cli_secret, false},
    {"config", "check|show|schema|trust",
     "what the configuration says, and whether it is right", cli_config, false},
    {"sandbox", "[--fault NAME]… [-- COMMAND…] | fault NAME on|off | faults",
     "a staging of its own on this machine, to break and to learn on", cli_sandbox,
     false},
    {"guard", "", "first line of a deploy script: 0 only beneath a live run", cli_guard,
     false},
    {"__supervise", "", "the supervisor of a run", cli_supervise, true},
};
const size_t command_count = sizeof commands / sizeof commands[0];

const struct global_row global_rows[] = {
    {{"config", required_argument, NULL, 'c'}, "FILE", "-c: the configuration to read"},
    {{"environment", required_argument, NULL, 'e'}, "ENV", "-e: the environment in it"},
    {{"state-dir", required_argument, NULL, 's'},
     "DIR",
     "where runs, history and trail are kept"},
    {{"read-only", no_argument, NULL, 'r'}, NULL, "look, run nothing but checks"},
    {{"plain", no_argument, NULL, 'p'}, NULL, "the console as a stream of lines"},
    {{"ascii", no_argument, NULL, 'a'}, NULL, "no character beyond ASCII"},
    {{"help", no_argument, NULL, 'h'}, NULL, "this text; with a command, its own"},
    {{"version", no_argument, NULL, 'V'}, NULL, "the version"},
};
const size_t global_count = sizeof global_rows / sizeof global_rows[0];
